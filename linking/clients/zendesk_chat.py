"""All HTTP to Zendesk Chat: records out."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

from django.utils.translation import gettext as _

from linking.clients.retry_after import http_date
from linking.clients.zendesk_api import ZendeskBroken, ZendeskClient, ZendeskError, ZendeskGone, ZendeskRefused
from linking.clients.zendesk_records import (
    Unreadable,
    VisitorRecord,
    can_answer_for,
    dot_form,
    id_text,
    parse_visitor,
    unreadable,
)

PAGE_LIMIT = 1000  # the most the vendor allows; Source: Chat API, Incremental export
RECORDS_MAX = 50 * PAGE_LIMIT  # millions of records fit into ten megabytes, and not into a worker's memory
# No `history`, `message`, `comment`, `session` or `agent_names`: what was said, from where and to whom stays there.
_FIELDS = (
    "chats(id,type,update_timestamp,timestamp,end_timestamp,deleted,visitor,duration,rating,tags,department_name,missed,"
    "zendesk_ticket_id)"
)
_QUERY_FIELDS_MAX = 20
_LATEST_EPOCH_S = 4_102_444_800


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """One page of the incremental export, its records as the vendor wrote them.

    `end_epoch_s` and `end_id` are the cursor after the last record, None and "" where the answer names none.
    """

    records: tuple[object, ...] = field(repr=False)
    end_epoch_s: int | None
    end_id: str
    is_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BansPage:
    """Some of the account's bans: the visitors banned, and the highest number of a ban, None where none has one."""

    visitor_ids: frozenset[str]
    last_id: int | None
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What `GET account` says; `has_rest_api` is None where the plan does not tell."""

    account_key: str
    status: str
    has_rest_api: bool | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """Whom the access token belongs to, as `GET agents/me` says."""

    agent_id: str
    is_enabled: bool
    roles: tuple[str, ...]
    answered_at: datetime | None


class ChatClient(ZendeskClient):
    """Reads one Zendesk Chat account, at `https://{subdomain}.zendesk.com/api/v2/chat` or the legacy
    `https://www.zopim.com/api/v2`, with a Chat OAuth token. Not to be shared by threads.
    """

    api_name = "Chat API"

    def export_page(self, *, start_epoch_s: int, start_id: str = "", limit: int = PAGE_LIMIT) -> ExportPage:
        """Return the chats changed at or after `start_epoch_s`; with `start_id`, those after (time, id).

        The answer's `next_page` is never followed: the next question is made from the cursor, so that no answer can
        lead elsewhere. What it says about the limit is believed where that is a smaller one: a page is short, and thus
        the last, by the limit that was in force.

        Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Chat API, Incremental export (2025-05-12): seconds, limit 1000, `fields`.
        """
        query = [("start_time", str(start_epoch_s)), ("limit", str(limit)), ("fields", _FIELDS)]
        if start_id:
            query.append(("start_id", start_id))
        body = self._object(self._get(path="/incremental/chats", query=query), what="export")
        records = body.get("chats")
        if not isinstance(records, list):
            raise ZendeskBroken(_("The export page has no list of chats."))
        if len(records) > RECORDS_MAX:
            raise ZendeskBroken(_("The export page contains %(number)s records.") % {"number": len(records)})
        return ExportPage(
            records=tuple(records),
            end_epoch_s=_epoch_s(body.get("end_time")),
            end_id=id_text(body.get("end_id")),
            is_short=len(records) < _limit_in_force(body.get("next_page"), asked=limit),
        )

    def visitor(self, *, visitor_id: str) -> VisitorRecord | Unreadable:
        """Return one visitor; its `visitor_id` is canonical and may differ from the one asked for.

        Raises: ZendeskGone, ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Chat API, Visitors (2025-05-12); a recorded answer shows the changed id.
        """
        answer = self._call(path=f"/visitors/{quote(visitor_id, safe='')}")
        if answer.status in (404, 410):
            raise ZendeskGone(_("Zendesk does not know this visitor."))
        if answer.status in (400, 405, 422):
            return unreadable({"id": visitor_id}, reason=f"Zendesk refused to read this visitor ({answer.status}).")
        record = parse_visitor(self._object(self._check(answer), what="visitor"))
        if isinstance(record, VisitorRecord) and not can_answer_for(visitor_id=record.visitor_id, asked_id=visitor_id):
            reason = "Zendesk answered with an id that is not one of its own."
            return unreadable({"id": visitor_id, "answered": record.visitor_id}, reason=reason)
        return record

    def bans_page(self, *, since_id: int = 0) -> BansPage:
        """Return bans from number `since_id` on.

        Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.
        Source: developer.zendesk.com, Chat API, Bans (2025-05-12): two lists, `since_id`, at most 1000 a page.
        """
        query = [("limit", str(PAGE_LIMIT)), ("since_id", str(since_id))]
        body = self._object(self._get(path="/bans", query=query), what="bans")
        visitors, addresses = body.get("visitor"), body.get("ip_address")
        if not isinstance(visitors, list) or not isinstance(addresses, list):
            raise ZendeskBroken(_("Zendesk's answer about bans lacks its two lists."))
        if len(visitors) + len(addresses) > RECORDS_MAX:
            raise ZendeskBroken(_("Zendesk's answer contains more bans than requested."))
        bans = [ban if isinstance(ban, dict) else {} for ban in (*visitors, *addresses)]
        ids = {dot_form(id_text(ban.get("visitor_id"))) for ban in bans[: len(visitors)]}
        if "" in ids:
            # Half a list would lift the bans it leaves out.
            raise ZendeskBroken(_("A ban does not name its visitor."))
        numbers = [ban["id"] for ban in bans if isinstance(ban.get("id"), int)]
        return BansPage(visitor_ids=frozenset(ids), last_id=max(numbers, default=None), is_empty=not bans)

    def account(self) -> AccountFacts:
        """Return the account the token belongs to. Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.

        Source: developer.zendesk.com, Chat API, Account.
        """
        answer = self._get(path="/account")
        body = self._object(answer, what="account")
        plan = body.get("plan")
        has_rest_api = plan.get("rest_api") if isinstance(plan, dict) else None
        return AccountFacts(
            account_key=str(body.get("account_key") or ""),
            status=str(body.get("status") or ""),
            has_rest_api=has_rest_api if isinstance(has_rest_api, bool) else None,
            answered_at=http_date(answer.headers.get("Date")),
        )

    def agents_me(self) -> AgentFacts:
        """Return whose token it is. Raises: ZendeskRefused, ZendeskTryLater, ZendeskBroken.

        Source: developer.zendesk.com, Chat API, Agents.
        """
        answer = self._get(path="/agents/me")
        body = self._object(answer, what="agent")
        roles = body.get("roles")
        return AgentFacts(
            agent_id=id_text(body.get("id")),
            is_enabled=body.get("enabled") is not False,
            roles=tuple(sorted(name for name, has in roles.items() if has is True)) if isinstance(roles, dict) else (),
            answered_at=http_date(answer.headers.get("Date")),
        )

    def is_known_to_support(self) -> bool:
        """Return whether Support's API, below the base address, knows whose token this is."""
        try:
            user = self._object(self._get(path="/users/me.json"), what="user").get("user")
        except ZendeskError:
            return False
        return isinstance(user, dict) and bool(id_text(user.get("id")))


def is_support_token(*, authority: str, access_token: str, allow_loopback: bool) -> bool:
    """Return whether a token that Chat refused is one of Zendesk Support's; False as well where that cannot be told.

    Args:
        authority: `https://acme.zendesk.com`.

    Source: Support API, Users, "Show Self": whoever is not signed in is answered with an `id` of null.
    """
    try:
        client = ChatClient(base_url=f"{authority}/api/v2", access_token=access_token, allow_loopback=allow_loopback)
    except ZendeskRefused:
        return False
    with closing(client):
        return client.is_known_to_support()


def _limit_in_force(next_page: object, *, asked: int) -> int:
    try:
        query = urlsplit(next_page).query if isinstance(next_page, str) else ""
        limit = int(parse_qs(query, max_num_fields=_QUERY_FIELDS_MAX)["limit"][-1])
    except (ValueError, KeyError):
        return asked
    return min(limit, asked) if limit > 0 else asked


def _epoch_s(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST_EPOCH_S:
        return None
    return int(value)
