"""A Zendesk Chat account in memory, in place of `ChatClient`, and a clock that only moves when somebody sleeps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from linking.clients.zendesk_api import ZendeskGone
from linking.clients.zendesk_chat import BansPage, ExportPage
from linking.clients.zendesk_records import parse_visitor
from linking.sync.calls_with_retries import Clock, Patience

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY_AGO_S = int(NOW.timestamp()) - 86_400


class FakeTime:
    """A clock whose sleeps are remembered and take no time."""

    def __init__(self, *, now=NOW):
        self.now = now
        self.sleeps = []

    @property
    def clock(self):
        return Clock(now=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class FakeChat:
    """Chats by (update second, id); visitors by id. `faults` are raised one by one by the calls to come."""

    chats: list[dict] = field(default_factory=list)
    visitors: dict[str, dict] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    faults: list[Exception | None] = field(default_factory=list)
    calls: list[tuple] = field(default_factory=list)
    limit: int = 1000
    ignores_start_id: bool = False
    names_its_end: bool = True
    before_call: object = None
    banned: list[str] = field(default_factory=list)
    ban_calls: list[int] = field(default_factory=list)
    ban_fault: Exception | None = None

    def add_chat(self, visitor_id, *, at_s=DAY_AGO_S, chat_id=None, facts=None, **contact):
        chat_id = chat_id or f"c{len(self.chats):06}"
        at = datetime.fromtimestamp(at_s, tz=UTC).isoformat().replace("+00:00", "Z")
        visitor = None if visitor_id is None else {"id": visitor_id, "name": "", "email": ""} | contact
        self.chats.append({"id": chat_id, "update_timestamp": at, "at_s": at_s, "visitor": visitor} | (facts or {}))

    def add_visitor(self, visitor_id, *, external_id=..., **values):
        record = {"id": visitor_id, "name": "", "email": "", "created": 1586950554, "banned": False} | values
        self.visitors[visitor_id] = record if external_id is ... else record | {"external_id": external_id}

    def populate(self, users: Iterable[str], *, at_s=DAY_AGO_S):
        for number, user_id in enumerate(users):
            self.add_visitor(f"7.v{number:04}", external_id=user_id)
            self.add_chat(f"7.v{number:04}", at_s=at_s + number)

    def export_page(self, *, start_epoch_s, start_id=""):
        self._called("export", start_epoch_s, start_id)
        after = (start_epoch_s, "" if self.ignores_start_id else start_id)
        ordered = sorted(self.chats, key=lambda chat: (chat["at_s"], str(chat["id"])))
        page = [chat for chat in ordered if (chat["at_s"], str(chat["id"])) > after][: self.limit]
        end = (page[-1]["at_s"], str(page[-1]["id"])) if page and self.names_its_end else (None, "")
        return ExportPage(records=tuple(page), end_epoch_s=end[0], end_id=end[1], is_short=len(page) < self.limit)

    def visitor(self, *, visitor_id):
        self._called("visitor", visitor_id)
        found = self.visitors.get(self.aliases.get(visitor_id, visitor_id))
        if found is None:
            raise ZendeskGone("Zendesk does not know this visitor.")
        return parse_visitor(found)

    def bans_page(self, *, since_id=0):
        self.ban_calls.append(since_id)
        if self.ban_fault is not None:
            raise self.ban_fault
        page = list(enumerate(self.banned, start=1))[max(0, since_id - 1) :][:2]
        ids = frozenset(visitor_id for _, visitor_id in page)
        return BansPage(visitor_ids=ids, last_id=page[-1][0] if page else None, is_empty=not page)

    def close(self):
        self.calls.append(("close",))

    def asked(self, kind):
        return [call[1:] for call in self.calls if call[0] == kind]

    def _called(self, *call):
        self.calls.append(call)
        if self.before_call:
            self.before_call(call)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault


def patience(**changes):
    return Patience(**({"longest_wait_s": 60.0} | changes))
