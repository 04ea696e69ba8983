"""All HTTP to Zendesk Chat: records out, and errors sorted by what the caller should do."""

import json
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from linking.clients.outbound import AddressRefused, Answer, AnswerTooLarge, Outbound, OutboundError
from linking.clients.retry_after import http_date, retry_after_s
from linking.clients.vendor_urls import ZENDESK_HOSTS
from linking.clients.zendesk_records import (
    Unreadable,
    VisitorRecord,
    can_answer_for,
    dot_form,
    id_text,
    parse_visitor,
    unreadable,
)
from linking.core.strict_json import refuse_constant, refuse_duplicates

PAGE_LIMIT = 1000  # the most the vendor allows; Source: Chat API, Incremental export
RECORDS_MAX = 50 * PAGE_LIMIT  # millions of records fit into ten megabytes, and not into a worker's memory
CALL_DEADLINE_S = 30.0
_FIELDS = "chats(id,type,update_timestamp,timestamp,deleted,visitor)"
_QUERY_FIELDS_MAX = 20
_LATEST_EPOCH_S = 4_102_444_800


class ChatError(Exception):
    """Zendesk Chat did not give what was asked for; the message carries no credential."""


class ChatRefused(ChatError):
    """A person has to act. `reason`: `credentials` (token), `scope` (role or plan), `host` (address).

    `status` is the one Zendesk answered with, None where it was not asked.
    """

    def __init__(self, message: str, *, reason: str, status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class ChatTryLater(ChatError):
    """Time heals it. `reason`: `vendor_pause` or `vendor_fault`; `retry_after_s` is 0 where Zendesk named no time."""

    def __init__(self, message: str, *, reason: str, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s


class ChatGone(ChatError):
    """Zendesk does not know the visitor."""


class ChatBroken(ChatError):
    """The answer is nonsense; another try may bring a better one."""


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


class ChatClient:
    """Reads one Zendesk Chat account. Not to be shared by threads.

    Args:
        base_url: `https://{subdomain}.zendesk.com/api/v2/chat`, or the legacy `https://www.zopim.com/api/v2`.
        access_token: a Chat OAuth token.
        allow_loopback: whether an address on this machine is allowed.
        deadline_s: the time one call may take.

    Raises: ChatRefused when the address or the token cannot be used at all.
    """

    def __init__(
        self, *, base_url: str, access_token: str, allow_loopback: bool, deadline_s: float = CALL_DEADLINE_S
    ) -> None:
        if not access_token or not access_token.isascii() or not access_token.isprintable() or " " in access_token:
            raise ChatRefused("The access token is empty or contains blanks.", reason="credentials")
        try:
            self._out = Outbound(
                base_url=base_url, hosts=ZENDESK_HOSTS, allow_loopback=allow_loopback, deadline_s=deadline_s
            )
        except AddressRefused as error:
            raise ChatRefused(str(error), reason="host") from error
        self._headers = {"Authorization": f"Bearer {access_token}"}

    def export_page(self, *, start_epoch_s: int, start_id: str = "", limit: int = PAGE_LIMIT) -> ExportPage:
        """Return the chats changed at or after `start_epoch_s`; with `start_id`, those after (time, id).

        The answer's `next_page` is never followed: the next question is made from the cursor, so that no answer can
        lead elsewhere. What it says about the limit is believed where that is a smaller one: a page is short, and thus
        the last, by the limit that was in force.

        Raises: ChatRefused, ChatTryLater, ChatBroken.
        Source: developer.zendesk.com, Chat API, Incremental export (2025-05-12): seconds, limit 1000, `fields`.
        """
        query = [("start_time", str(start_epoch_s)), ("limit", str(limit)), ("fields", _FIELDS)]
        if start_id:
            query.append(("start_id", start_id))
        body = self._object(self._get(path="/incremental/chats", query=query), what="export")
        records = body.get("chats")
        if not isinstance(records, list):
            raise ChatBroken("The export page has no list of chats.")
        if len(records) > RECORDS_MAX:
            raise ChatBroken(f"The export page holds {len(records)} records.")
        return ExportPage(
            records=tuple(records),
            end_epoch_s=_epoch_s(body.get("end_time")),
            end_id=id_text(body.get("end_id")),
            is_short=len(records) < _limit_in_force(body.get("next_page"), asked=limit),
        )

    def visitor(self, *, visitor_id: str) -> VisitorRecord | Unreadable:
        """Return one visitor; its `visitor_id` is canonical and may differ from the one asked for.

        Raises: ChatGone, ChatRefused, ChatTryLater, ChatBroken.
        Source: developer.zendesk.com, Chat API, Visitors (2025-05-12); a recorded answer shows the changed id.
        """
        answer = self._call(path=f"/visitors/{quote(visitor_id, safe='')}")
        if answer.status in (404, 410):
            raise ChatGone("Zendesk does not know this visitor.")
        if answer.status in (400, 405, 422):
            return unreadable({"id": visitor_id}, reason=f"Zendesk refused to read this visitor ({answer.status}).")
        record = parse_visitor(self._object(self._check(answer), what="visitor"))
        if isinstance(record, VisitorRecord) and not can_answer_for(visitor_id=record.visitor_id, asked_id=visitor_id):
            reason = "Zendesk answered with an id that is not one of its own."
            return unreadable({"id": visitor_id, "answered": record.visitor_id}, reason=reason)
        return record

    def bans_page(self, *, since_id: int = 0) -> BansPage:
        """Return bans from number `since_id` on.

        Raises: ChatRefused, ChatTryLater, ChatBroken.
        Source: developer.zendesk.com, Chat API, Bans (2025-05-12): two lists, `since_id`, at most 1000 a page.
        """
        query = [("limit", str(PAGE_LIMIT)), ("since_id", str(since_id))]
        body = self._object(self._get(path="/bans", query=query), what="bans")
        visitors, addresses = body.get("visitor"), body.get("ip_address")
        if not isinstance(visitors, list) or not isinstance(addresses, list):
            raise ChatBroken("The bans answer has not the two lists.")
        if len(visitors) + len(addresses) > RECORDS_MAX:
            raise ChatBroken("The bans answer holds more bans than were asked for.")
        bans = [ban if isinstance(ban, dict) else {} for ban in (*visitors, *addresses)]
        ids = {dot_form(id_text(ban.get("visitor_id"))) for ban in bans[: len(visitors)]}
        if "" in ids:
            # Half a list would lift the bans it leaves out.
            raise ChatBroken("A ban does not say whom it is about.")
        numbers = [ban["id"] for ban in bans if isinstance(ban.get("id"), int)]
        return BansPage(visitor_ids=frozenset(ids), last_id=max(numbers, default=None), is_empty=not bans)

    def account(self) -> AccountFacts:
        """Return the account the token belongs to. Raises: ChatRefused, ChatTryLater, ChatBroken.

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
        """Return whose token it is. Raises: ChatRefused, ChatTryLater, ChatBroken.

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
        except ChatError:
            return False
        return isinstance(user, dict) and bool(id_text(user.get("id")))

    def close(self) -> None:
        """Close the connection."""
        self._out.close()

    def _get(self, *, path: str, query: list[tuple[str, str]] | None = None) -> Answer:
        answer = self._call(path=path, query=query)
        if answer.status in (404, 410):
            raise ChatRefused(f"There is no Zendesk Chat API at this address ({answer.status}).", reason="host")
        return self._check(answer)

    def _call(self, *, path: str, query: list[tuple[str, str]] | None = None) -> Answer:
        try:
            return self._out.get(path=path, query=query or [], headers=self._headers)
        except AddressRefused as error:
            raise ChatRefused(str(error), reason="host") from error
        except AnswerTooLarge as error:
            raise ChatBroken(str(error)) from error
        except OutboundError as error:
            raise ChatTryLater(str(error), reason="vendor_fault") from error

    def _check(self, answer: Answer) -> Answer:
        """Return `answer` if it is a success. Raises: ChatRefused, ChatTryLater, ChatBroken."""
        if answer.status == 200:
            return answer
        raise _error_of(answer)

    def _object(self, answer: Answer, *, what: str) -> dict[str, Any]:
        content_type = answer.headers.get("Content-Type", "application/json").lower()
        if "json" not in content_type:
            raise ChatBroken(f"The {what} answer is not JSON.")
        try:
            body = json.loads(
                answer.body.decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=refuse_duplicates
            )
        except (ValueError, RecursionError) as error:
            raise ChatBroken(f"The {what} answer cannot be read as JSON.") from error
        if not isinstance(body, dict):
            raise ChatBroken(f"The {what} answer is not an object.")
        return body


def is_support_token(*, authority: str, access_token: str, allow_loopback: bool) -> bool:
    """Return whether a token that Chat refused is one of Zendesk Support's; False as well where that cannot be told.

    Args:
        authority: `https://acme.zendesk.com`.

    Source: Support API, Users, "Show Self": whoever is not signed in is answered with an `id` of null.
    """
    try:
        client = ChatClient(base_url=f"{authority}/api/v2", access_token=access_token, allow_loopback=allow_loopback)
    except ChatRefused:
        return False
    with closing(client):
        return client.is_known_to_support()


def _error_of(answer: Answer) -> ChatError:
    """Return what an answer other than a success asks the caller to do."""
    status = answer.status
    if status == 401:
        return ChatRefused("Zendesk refused the access token (401).", reason="credentials", status=401)
    if status == 403:
        message = "The access token lacks the role, scope or plan for this call (403)."
        return ChatRefused(message, reason="scope", status=403)
    if status == 429:
        return ChatTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=_wait_s(answer))
    if status >= 500 or status in (408, 425):
        # Some gateways say how long they will be away; the wait is then theirs to choose.
        wait_s = _wait_s(answer) if answer.headers.get("Retry-After") else 0
        return ChatTryLater(f"Zendesk failed ({status}).", reason="vendor_fault", retry_after_s=wait_s)
    return ChatBroken(f"Zendesk answered {status}, which makes no sense here.")


def _wait_s(answer: Answer) -> int:
    return retry_after_s(answer.headers.get("Retry-After"), date=answer.headers.get("Date"))


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
