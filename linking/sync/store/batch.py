"""Matches the answers of a batch to visitors, and makes one visitor of those that Zendesk has joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from linking.clients.zendesk_records import Unreadable, VisitorRecord
from linking.models import EndReason, Visitor, VisitorAlias, VisitorChat, VisitorLink
from linking.sync.plans.facts import LinkBefore, LinkPlan
from linking.sync.plans.seen_visitors import join_facts
from linking.sync.store.parted_links import move_conflicts
from linking.sync.store.rows import apply_facts, find_canonical_ids, lock_visitors, read_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorAnswer:
    """What became of asking about one visitor: its record, None for "gone", or why it could not be read.

    `failure` is a sentence when no answer came at all; the visitor then waits for another try. `asked_at` is when the
    question left, None for just now; `activity_at` the visitor's last activity known by then, None for all of it.
    """

    asked_id: str
    asked_at: datetime | None = None
    activity_at: datetime | None = None
    record: VisitorRecord | Unreadable | None = None
    failure: str = ""


@dataclass(slots=True, kw_only=True)
class Subject:
    """One visitor under work: its row, the answer about it, its links so far, and the plan once made."""

    row: Visitor
    answer: VisitorAnswer
    joined_user_ids: frozenset[str] = frozenset()
    open_link: VisitorLink | None = None
    open_user_id: str = ""
    former_user_ids: set[str] = field(default_factory=set)
    parted_user_ids: frozenset[str] = frozenset()
    is_shared_device: bool = False
    plan: LinkPlan | None = None

    @property
    def before(self) -> LinkBefore:
        """The links as the plans read them."""
        return LinkBefore(
            open_user_id=self.open_user_id,
            former_user_ids=frozenset(self.former_user_ids),
            joined_user_ids=self.joined_user_ids,
            parted_user_ids=self.parted_user_ids,
            is_shared_device=self.is_shared_device,
        )

    @property
    def is_changing(self) -> bool:
        """Whether the answer names another user than a link that is open, or was until two visitors were joined."""
        record = self.answer.record
        if not isinstance(record, VisitorRecord) or not record.user_id:
            return False
        return bool(({self.open_user_id} | self.joined_user_ids) - {"", record.user_id})

    def find_answer_time(self, *, now: datetime) -> datetime:
        """Return when the question left: what the answer says held then, not when the answer is stored."""
        return min(self.answer.asked_at or now, now)


@dataclass(slots=True, kw_only=True)
class Batch:
    """The subjects of a batch, one a visitor; the last answer about a visitor counts.

    `rows` holds the locked rows by each ID that leads to them, `aliases` the canonical IDs by the others. Both follow
    every join, so that a later answer finds the visitor that is kept.
    """

    rows: dict[str, Visitor]
    aliases: dict[str, str]
    now: datetime
    _subjects: dict[int, Subject] = field(default_factory=dict)

    @classmethod
    def load(cls, *, integration_id: int, answers: Sequence[VisitorAnswer], now: datetime) -> Self:
        """Lock the rows that `answers` may be about, in the caller's transaction, and take the answers in turn."""
        ids = {answer.asked_id for answer in answers}
        ids |= {answer.record.visitor_id for answer in answers if isinstance(answer.record, VisitorRecord)}
        aliases = find_canonical_ids(integration_id=integration_id, visitor_ids=ids)
        rows = lock_visitors(integration_id=integration_id, visitor_ids=ids | set(aliases.values()))
        batch = cls(rows=rows, aliases=aliases, now=now)
        for answer in answers:
            batch.take(answer)
        return batch

    @property
    def subjects(self) -> list[Subject]:
        """The visitors with the answers that count."""
        return list(self._subjects.values())

    def take(self, answer: VisitorAnswer) -> None:
        """Note an answer, unless its visitor was removed or a later question about it has been answered."""
        row = self.resolve(answer.asked_id)
        if row is None or self._is_overtaken(answer, row=row):
            return
        joined_user_ids: frozenset[str] = frozenset()
        if isinstance(answer.record, VisitorRecord):
            canonical_id = self.aliases.get(answer.record.visitor_id, answer.record.visitor_id)
            if canonical_id != row.visitor_id:
                if self._is_overtaken(answer, row=self.rows.get(canonical_id)):
                    return
                row, joined_user_ids = self.join(row, canonical_id=canonical_id)
        self.supersede(row, answer=answer, joined_user_ids=joined_user_ids)

    def resolve(self, visitor_id: str) -> Visitor | None:
        """Return the visitor that an ID leads to.

        A row of its own comes first: the export may have added it while an answer made the ID an alias.
        """
        return self.rows.get(visitor_id) or self.rows.get(self.aliases.get(visitor_id, ""))

    def join(self, row: Visitor, *, canonical_id: str) -> tuple[Visitor, frozenset[str]]:
        """Make one visitor of `row` and `canonical_id`; return it, and the users that the other was linked to."""
        # An earlier answer may have led to the row that is given up now.
        earlier, former_id = self._subjects.pop(row.pk, None), row.visitor_id
        survivor, user_ids = _join_rows(
            row=row, other=self.rows.get(canonical_id), canonical_id=canonical_id, now=self.now
        )
        self.rows |= {key: survivor for key, led_to in self.rows.items() if led_to is row} | {canonical_id: survivor}
        self.aliases |= {key: canonical_id for key, led_to in self.aliases.items() if led_to == former_id}
        self.aliases[former_id] = canonical_id
        return survivor, user_ids | (earlier.joined_user_ids if earlier else frozenset())

    def supersede(self, row: Visitor, *, answer: VisitorAnswer, joined_user_ids: frozenset[str] = frozenset()) -> None:
        """Let `answer` count for `row` in place of an earlier one; users joined in by that one stay known."""
        earlier = self._subjects.get(row.pk)
        joined_user_ids |= earlier.joined_user_ids if earlier else frozenset()
        self._subjects[row.pk] = Subject(row=row, answer=answer, joined_user_ids=joined_user_ids)

    def _is_overtaken(self, answer: VisitorAnswer, *, row: Visitor | None) -> bool:
        """Return whether a later question about `row` was answered; a clock set back makes a time after `now`."""
        if row is None or row.checked_at is None or answer.asked_at is None:
            return False
        return answer.asked_at < row.checked_at <= self.now


def end_link(link: VisitorLink, *, reason: EndReason, at: datetime) -> None:
    """End a link, unsaved; never before it began, where the clock was set back."""
    link.ended_at, link.end_reason = max(at, link.first_seen_at), reason


def _join_rows(
    *, row: Visitor, other: Visitor | None, canonical_id: str, now: datetime
) -> tuple[Visitor, frozenset[str]]:
    """Make one visitor of a row and the ID that Zendesk answered with; return it, and users that `row` was linked to.

    Links, aliases, chats and conflicts of a row that is given up move to the one kept: nothing of the history is lost.
    """
    old_id = row.visitor_id
    if other is None or other.pk == row.pk:
        row.visitor_id = canonical_id
        _keep_alias(row=row, alias_id=old_id, now=now)
        return row, frozenset()
    apply_facts(row=other, facts=join_facts(asked=read_facts(row), canonical=read_facts(other)), now=now)
    user_ids = set()
    for link in VisitorLink.objects.open().filter(visitor=row).select_related("login_user"):
        user_ids.add(link.login_user.user_id)
        end_link(link, reason=EndReason.MERGED, at=now)
        link.save(update_fields=["ended_at", "end_reason"])
    VisitorLink.objects.filter(visitor=row).update(visitor=other)
    VisitorAlias.objects.filter(visitor=row).update(visitor=other)
    VisitorChat.objects.filter(visitor=row).update(visitor=other)
    move_conflicts(row=row, other=other)
    row.delete()
    _keep_alias(row=other, alias_id=old_id, now=now)
    return other, frozenset(user_ids)


def _keep_alias(*, row: Visitor, alias_id: str, now: datetime) -> None:
    VisitorAlias.objects.update_or_create(
        integration_id=row.integration_id,
        alias_id=alias_id,
        defaults={"visitor": row},
        create_defaults={"visitor": row, "first_seen_at": now},
    )
