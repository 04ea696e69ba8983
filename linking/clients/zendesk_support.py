"""All HTTP to Zendesk Support, where the people of Messaging accounts are: users out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from linking.clients.outbound import Answer
from linking.clients.retry_after import LONGEST_S, http_date
from linking.clients.support_records import SupportUser, read_user, read_user_id
from linking.clients.zendesk_api import (
    AnswerOverLimit,
    ZendeskBroken,
    ZendeskClient,
    ZendeskError,
    ZendeskGone,
    ZendeskRefused,
)

# Source: fact sheet of Messaging accounts, section 4: 1,000 users a page at most, `start_time` at least a minute past.
PAGE_LIMIT = 1000
YOUNGEST_START_S = 61
# Source: section 3, `users/show_many`: at most 100 IDs.
SHOWN_MOST = 100
USERS_MAX = 2 * PAGE_LIMIT
CURSOR_MAX_CHARACTERS = 4_000
ID_MAX_CHARACTERS = 4_000
_SMALLEST_PAGE = 10
# Source: section 8. The users cursor is counted apart from all other calls.
_EXPORT_HEADER = "Zendesk-RateLimit-incremental-exports-cursor"
_PAIR = re.compile(r"(remaining|resets)=([0-9]{1,6})\b")


class CursorRefused(ZendeskError):
    """Zendesk does not take the cursor any more (400, 404 or 422): the feed is to be read from a time again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersPage:
    """One page of the users that changed, in the order of their changes.

    `cursor` leads on, "" where the page names none. Only `is_end` says that nothing is left: a page may be short or
    empty before the end. `unreadable` is how many records could not be read.
    """

    users: tuple[SupportUser, ...] = field(repr=False)
    cursor: str = field(repr=False)
    is_end: bool
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOwner:
    """Whom an access token acts as; `user_id` is "" where Zendesk took the call for an anonymous one."""

    user_id: str
    role: str
    answered_at: datetime | None


class SupportClient(ZendeskClient):
    """Reads one Zendesk Support account, at `https://{subdomain}.zendesk.com/api/v2`. Not to be shared by threads.

    `used_up_s` is how many seconds no call of the last call's class is left, as Zendesk said in its answer; 0 where
    some are left or Zendesk did not say.
    """

    api_name = "Support API"
    used_up_s = 0
    _page_limit = PAGE_LIMIT

    def users_page(self, *, start_epoch_s: int = 0, cursor: str = "") -> UsersPage:
        """Return the users that changed since `start_epoch_s`, or those behind `cursor`.

        A page that is larger than any answer read is asked for again in halves.

        Raises: CursorRefused, ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Incremental exports, cursor-based (fact sheet, section 4).
        """
        place = ("cursor", cursor) if cursor else ("start_time", str(start_epoch_s))
        query = [place, ("per_page", str(self._page_limit))]
        try:
            answer = self._call(path="/incremental/users/cursor", query=query)
        except AnswerOverLimit:
            self._page_limit = max(_SMALLEST_PAGE, self._page_limit // 2)
            raise
        self._note_limits(answer, is_export=True)
        if cursor and answer.status in (400, 404, 422):
            raise CursorRefused(_("Zendesk no longer accepts the cursor (%(status)s).") % {"status": answer.status})
        if answer.status == 404:
            raise ZendeskRefused(_("There is no Zendesk Support API at this address (404)."), reason="host")
        body = self._object(self._check(answer), what="users")
        users, unreadable = _read_users(body.get("users"))
        is_end, after = body.get("end_of_stream"), body.get("after_cursor")
        if not isinstance(is_end, bool):
            raise ZendeskBroken(_("The page of users does not say whether it is the last."))
        has_cursor = isinstance(after, str) and 0 < len(after) <= CURSOR_MAX_CHARACTERS and after.isprintable()
        if not has_cursor and not is_end:
            raise ZendeskBroken(_("The page of users does not lead to the next one."))
        return UsersPage(users=users, cursor=str(after) if has_cursor else "", is_end=is_end, unreadable=unreadable)

    def show_users(self, *, external_ids: Sequence[str] = (), user_ids: Sequence[str] = ()) -> tuple[SupportUser, ...]:
        """Return the users with any of at most 100 external IDs or IDs of Zendesk's; those that it does not know are
        left out.

        Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Users, "Show Many Users" (fact sheet, section 3).
        """
        wanted = ("external_ids", ",".join(external_ids)) if external_ids else ("ids", ",".join(user_ids))
        answer = self._get(path="/users/show_many", query=[wanted])
        self._note_limits(answer)
        return _read_users(self._object(answer, what="users").get("users"))[0]

    def user(self, *, user_id: str) -> SupportUser:
        """Return one user. Raises: ZendeskGone, ZendeskRefused, ZendeskTryLater, ZendeskBroken.

        Source: developer.zendesk.com, Users, "Show User" (fact sheet, section 3).
        """
        if not read_user_id(user_id):
            raise ZendeskGone(_("No user of Zendesk Support has such an ID."))
        answer = self._call(path=f"/users/{user_id}")
        self._note_limits(answer)
        if answer.status in (404, 410):
            raise ZendeskGone(_("Zendesk does not know this user."))
        user = read_user(self._object(self._check(answer), what="user").get("user"))
        if user is None or user.user_id != user_id:
            raise ZendeskBroken(_("Zendesk answered with another user than requested."))
        return user

    def token_owner(self) -> TokenOwner:
        """Return whom the access token acts as. Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.

        Source: developer.zendesk.com, Users, "Show Self": without valid credentials the answer is 200 with an `id` of
        null (fact sheet, section 3).
        """
        answer = self._get(path="/users/me")
        self._note_limits(answer)
        user = self._object(answer, what="user").get("user")
        known = user if isinstance(user, dict) else {}
        role = known.get("role")
        return TokenOwner(
            user_id=read_user_id(known.get("id")),
            role=role if isinstance(role, str) else "",
            answered_at=http_date(answer.headers.get("Date")),
        )

    def try_export(self, *, start_epoch_s: int) -> None:
        """Find out whether the token may export users, by the call that Zendesk has for trying that out.

        Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Incremental exports, "Incremental sample export" (fact sheet, section 4).
        """
        self._get(path="/incremental/users/sample", query=[("start_time", str(start_epoch_s))])

    def _note_limits(self, answer: Answer, *, is_export: bool = False) -> None:
        """Note for how long no call of the class is left. Headers may be absent; an export has one of its own."""
        headers = answer.headers
        pairs = dict(_PAIR.findall(headers.get(_EXPORT_HEADER, "")))
        if not is_export:
            pairs = {"remaining": headers.get("ratelimit-remaining", ""), "resets": headers.get("ratelimit-reset", "")}
        left, resets = pairs.get("remaining", ""), pairs.get("resets", "")
        is_used_up = left == "0" and resets.isascii() and resets.isdigit() and len(resets) <= 6
        self.used_up_s = min(int(resets), LONGEST_S) if is_used_up else 0


def _read_users(records: object) -> tuple[tuple[SupportUser, ...], int]:
    """Return the users that can be read, and how many cannot. Raises: ZendeskBroken, also where none of them can."""
    if not isinstance(records, list):
        raise ZendeskBroken(_("The answer has no list of users."))
    if len(records) > USERS_MAX:
        raise ZendeskBroken(_("The answer contains %(number)s users.") % {"number": len(records)})
    users = [read_user(record) for record in records]
    known = tuple(user for user in users if user is not None)
    if users and not known:
        # The cursor must not pass them. Sooner or later the same page has others too.
        raise ZendeskBroken(_("None of the users in the answer can be read."))
    return known, len(users) - len(known)
