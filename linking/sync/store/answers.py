"""One batch of visitor answers, stored: links, their ends, what disagrees, and visitors that Zendesk joined."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import F

from linking.clients.zendesk_records import Unreadable, VisitorRecord
from linking.core.text import email_key
from linking.models import EndReason, LoginUser, SyncRun, Visitor, VisitorAlias, VisitorLink
from linking.models.sql import bulk
from linking.sync.facts import LinkBefore, LinkPlan, Verb
from linking.sync.plans import join_facts, keep_waiting, plan_gone, plan_link, plan_retry
from linking.sync.store import blocked_links as apart
from linking.sync.store.disagreements import find_shared_devices, store_disagreements
from linking.sync.store.quarantine import forget_read, set_aside
from linking.sync.store.rows import apply_facts, canonical_ids, facts_of, lock_visitors

_VISITOR_FIELDS = (
    "id", "visitor_id", "state", "name", "email", "phone", "notes", "is_banned", "created_at", "external_id",
    "first_seen_at", "last_seen_at", "last_chat_id", "checked_at", "checked_activity_at", "gone_at", "lookup_due_at",
    "lookup_rank", "lookup_attempts",
)  # fmt: skip
T = TypeVar("T")
_visitor_values = attrgetter(*_VISITOR_FIELDS)
_OF_A_NEW_USER = {"email": "", "name": "", "tokens_issued": 0, "is_seen_in_chat": True}
_END_REASONS = {Verb.RELINK: EndReason.RELINKED, Verb.END: EndReason.CLEARED}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What a batch of answers changed."""

    linked: int = 0
    relinked: int = 0
    anonymous: int = 0
    gone: int = 0
    conflicts: int = 0
    quarantined: int = 0


@dataclass(slots=True, kw_only=True)
class _Subject:
    """One visitor under work: its row, the answer about it, its links so far, and the plan once made."""

    row: Visitor
    answer: VisitorAnswer
    joined_user_ids: frozenset[str] = frozenset()
    open_link: VisitorLink | None = None
    open_user_id: str = ""
    former_user_ids: set[str] = field(default_factory=set)
    apart_user_ids: frozenset[str] = frozenset()
    is_shared_device: bool = False
    plan: LinkPlan | None = None

    @property
    def before(self) -> LinkBefore:
        return LinkBefore(
            open_user_id=self.open_user_id,
            former_user_ids=frozenset(self.former_user_ids),
            joined_user_ids=self.joined_user_ids,
            apart_user_ids=self.apart_user_ids,
            is_shared_device=self.is_shared_device,
        )

    @property
    def is_changing(self) -> bool:
        """Whether the answer names another user than a link that is open, or was until two visitors were joined."""
        record = self.answer.record
        if not isinstance(record, VisitorRecord) or not record.user_id:
            return False
        return bool(({self.open_user_id} | self.joined_user_ids) - {"", record.user_id})

    def asked_at(self, *, now: datetime) -> datetime:
        """Return when the question left; what the answer says held then, not when the answer is stored."""
        return min(self.answer.asked_at or now, now)


def store_answers(*, run: SyncRun, answers: Sequence[VisitorAnswer], now: datetime) -> BatchResult:
    """Store a batch of answers in the caller's transaction; the last answer about a visitor counts.

    Stale or repeated answers are harmless: what they say is compared with the rows as they are now, and an answer to a
    question that was put before the one whose answer is kept changes nothing.
    """
    subjects = _subjects(run=run, answers=answers, now=now)
    _load_links(subjects)
    owners = _email_owners(run=run, subjects=subjects)
    variants = _id_variants(run=run, subjects=subjects)
    for subject in subjects:
        subject.plan = _plan(subject, owners=owners, variants=variants, now=now)
        _apply(subject, now=now)
    rows = [_visitor_values(subject.row) for subject in subjects]
    bulk.update(Visitor, _VISITOR_FIELDS, rows, same={"stored_at": now})
    _store_links(run=run, subjects=subjects, now=now)
    found = [(one.row, disagreement) for one in subjects if one.plan for disagreement in one.plan.disagreements]
    conflicts = store_disagreements(run=run, found=found, now=now)
    apart.note_claims(claims=_claims(subjects), now=now)
    unreadable = [replace(one.record, key=one.asked_id) for one in answers if isinstance(one.record, Unreadable)]
    quarantined = set_aside(run=run, source="visitor", records=unreadable, now=now)
    settled = {one.asked_id for one in answers if not one.failure and not isinstance(one.record, Unreadable)}
    forget_read(integration_id=run.integration_id, source="visitor", keys=settled)
    return _tally(subjects=subjects, conflicts=conflicts, quarantined=quarantined)


def retry_on_conflict(deed: Callable[[], T]) -> T:
    """Do `deed`, which is a transaction of its own, and do it again where another writer was a moment faster.

    A refresh and a pass may learn at the same time that two visitors are one under an ID that nobody knew: the second
    time it is known.
    """
    try:
        return deed()
    except IntegrityError:
        return deed()


def _subjects(*, run: SyncRun, answers: Sequence[VisitorAnswer], now: datetime) -> list[_Subject]:
    ids = {answer.asked_id for answer in answers}
    ids |= {answer.record.visitor_id for answer in answers if isinstance(answer.record, VisitorRecord)}
    aliases = canonical_ids(integration_id=run.integration_id, visitor_ids=ids)
    rows = lock_visitors(integration_id=run.integration_id, visitor_ids=ids | set(aliases.values()))
    by_key: dict[int, _Subject] = {}
    for answer in answers:
        # A row of its own comes first: the export may have added it while an answer made the id an alias.
        row = rows.get(answer.asked_id) or rows.get(aliases.get(answer.asked_id, ""))
        if row is None or _is_overtaken(answer, row=row, now=now):
            continue  # removed since it was asked about, or read by somebody else
        joined: frozenset[str] = frozenset()
        if isinstance(answer.record, VisitorRecord):
            target = aliases.get(answer.record.visitor_id, answer.record.visitor_id)
            if target != row.visitor_id:
                if _is_overtaken(answer, row=rows.get(target), now=now):
                    continue  # asked again later, and joined then
                # An answer before this one may have led to the row that is given up now.
                given_up, former, former_id = by_key.pop(row.pk, None), row, row.visitor_id
                row, joined = _join(row=row, other=rows.get(target), canonical_id=target, now=now)
                joined |= given_up.joined_user_ids if given_up else frozenset()
                # Answers that follow find the one that is kept under every id that led to the other.
                rows |= {one: row for one, led_to in rows.items() if led_to is former} | {target: row}
                aliases |= {one: target for one, led_to in aliases.items() if led_to == former_id} | {former_id: target}
        earlier = by_key.get(row.pk)
        joined |= earlier.joined_user_ids if earlier else frozenset()
        by_key[row.pk] = _Subject(row=row, answer=answer, joined_user_ids=joined)
    return list(by_key.values())


def _is_overtaken(answer: VisitorAnswer, *, row: Visitor | None, now: datetime) -> bool:
    """Return whether what is kept was asked for later. A time after `now` is of a clock that has been set back."""
    if row is None or row.checked_at is None or answer.asked_at is None:
        return False
    return answer.asked_at < row.checked_at <= now


def _join(*, row: Visitor, other: Visitor | None, canonical_id: str, now: datetime) -> tuple[Visitor, frozenset[str]]:
    """Make one visitor of a row and the id that Zendesk answered with; return it, and users that `row` was linked to.

    Links, aliases and conflicts of a row that is given up move to the one kept: nothing of the history is lost.
    """
    old_id = row.visitor_id
    if other is None or other.pk == row.pk:
        row.visitor_id = canonical_id
        _keep_alias(row=row, alias_id=old_id, now=now)
        return row, frozenset()
    apply_facts(row=other, facts=join_facts(asked=facts_of(row), canonical=facts_of(other)), now=now)
    joined = set()
    for link in VisitorLink.objects.open().filter(visitor=row).select_related("login_user"):
        joined.add(link.login_user.user_id)
        _end(link, reason=EndReason.MERGED, now=now)
        link.save(update_fields=["ended_at", "end_reason"])
    VisitorLink.objects.filter(visitor=row).update(visitor=other)
    VisitorAlias.objects.filter(visitor=row).update(visitor=other)
    apart.move_conflicts(row=row, other=other)
    row.delete()
    _keep_alias(row=other, alias_id=old_id, now=now)
    return other, frozenset(joined)


def _keep_alias(*, row: Visitor, alias_id: str, now: datetime) -> None:
    VisitorAlias.objects.update_or_create(
        integration_id=row.integration_id,
        alias_id=alias_id,
        defaults={"visitor": row},
        create_defaults={"visitor": row, "first_seen_at": now},
    )


def _load_links(subjects: Sequence[_Subject]) -> None:
    by_key = {subject.row.pk: subject for subject in subjects}
    links = VisitorLink.objects.filter(visitor__pk__among=by_key).order_by().annotate(user_id=F("login_user__user_id"))
    for link in links:
        if link.ended_at is None:
            by_key[link.visitor_id].open_link, by_key[link.visitor_id].open_user_id = link, link.user_id
        else:
            by_key[link.visitor_id].former_user_ids.add(link.user_id)
    for key, user_ids in apart.find_blocked_user_ids(visitor_keys=by_key.keys()).items():
        by_key[key].apart_user_ids = user_ids
    for key in find_shared_devices(visitor_keys=[key for key, one in by_key.items() if one.is_changing]):
        by_key[key].is_shared_device = True


def _email_owners(*, run: SyncRun, subjects: Iterable[_Subject]) -> dict[str, list[str]]:
    emails = {
        subject.answer.record.email
        for subject in subjects
        if isinstance(subject.answer.record, VisitorRecord) and subject.answer.record.email
    }
    owners: dict[str, list[str]] = {}
    users = LoginUser.objects.filter(integration_id=run.integration_id).issued().carrying(words=emails)
    for email, user_id in users.exclude(email="").values_list("email", "user_id") if emails else ():
        owners.setdefault(email_key(email), []).append(user_id)
    return owners


def _id_variants(*, run: SyncRun, subjects: Iterable[_Subject]) -> dict[str, set[str]]:
    """Return user IDs by their lower case, for IDs in the answers that exist in another case too."""
    carried = {one.answer.record.user_id for one in subjects if isinstance(one.answer.record, VisitorRecord)} - {""}
    mine = LoginUser.objects.filter(integration_id=run.integration_id)
    users = mine.in_any_case(user_ids=carried).values_list("user_id", flat=True) if carried else ()
    found: dict[str, set[str]] = {}
    for user_id in carried | set(users):
        found.setdefault(user_id.lower(), set()).add(user_id)
    return found


def _plan(
    subject: _Subject, *, owners: Mapping[str, list[str]], variants: Mapping[str, set[str]], now: datetime
) -> LinkPlan:
    facts, answer, record = facts_of(subject.row), subject.answer, subject.answer.record
    if isinstance(record, Unreadable) or answer.failure:
        return LinkPlan(facts=plan_retry(facts=facts, now=now), verb=Verb.KEEP)
    asked_at = subject.asked_at(now=now)
    if isinstance(record, VisitorRecord):
        plan = plan_link(
            record=record,
            facts=facts,
            before=subject.before,
            email_owners=owners.get(email_key(record.email), []),
            id_variants=variants.get(record.user_id.lower(), ()),
            now=asked_at,
        )
    else:
        plan = plan_gone(facts=facts, before=subject.before, now=asked_at)
    if answer.activity_at is None or subject.row.visitor_id != answer.asked_id:
        return plan
    return replace(plan, facts=keep_waiting(before=facts, after=plan.facts, activity_at=answer.activity_at))


def _apply(subject: _Subject, *, now: datetime) -> None:
    if subject.plan is None:
        return
    row, record = subject.row, subject.answer.record
    apply_facts(row=row, facts=subject.plan.facts, now=now)
    if isinstance(record, VisitorRecord) and subject.plan.verb != Verb.KEEP:
        row.is_banned, row.created_at = record.is_banned, record.created_at or row.created_at
        row.external_id = record.user_id or record.junk


def _store_links(*, run: SyncRun, subjects: Sequence[_Subject], now: datetime) -> None:
    ended, confirmed, opened = [], [], []
    plans = [(subject, subject.plan) for subject in subjects if subject.plan is not None]
    users = _users(run=run, user_ids={plan.user_id for _, plan in plans if plan.user_id}, now=now)
    for subject, plan in plans:
        link = subject.open_link
        asked_at = subject.asked_at(now=now)
        if link is not None and plan.verb in _END_REASONS:
            is_gone = subject.answer.record is None
            _end(link, reason=EndReason.GONE if is_gone else _END_REASONS[plan.verb], now=asked_at)
            ended.append((link.pk, link.ended_at, link.end_reason))
        if link is not None and plan.verb == Verb.CONFIRM and link.last_confirmed_at < asked_at:
            confirmed.append((link.pk, asked_at))
        if plan.verb in (Verb.OPEN, Verb.RELINK):
            opened.append((subject.row.pk, users[plan.user_id], subject.answer.asked_id, asked_at, asked_at))
    # Ended before others are opened: a visitor has one open link at most, at every moment.
    bulk.update(VisitorLink, ("id", "ended_at", "end_reason"), ended)
    bulk.update(VisitorLink, ("id", "last_confirmed_at"), confirmed)
    columns = ("visitor_id", "login_user_id", "evidence_asked_id", "first_seen_at", "last_confirmed_at")
    bulk.insert(VisitorLink, columns, opened, same={"evidence_run_id": run.pk, "end_reason": ""})


def _users(*, run: SyncRun, user_ids: Iterable[str], now: datetime) -> dict[str, int]:
    """Return the keys of the users `user_ids` by these; all are marked as seen in Chat, and added where new."""
    wanted = sorted(set(user_ids))
    mine = LoginUser.objects.filter(integration_id=run.integration_id, user_id__among=wanted)
    known = {user_id: (key, is_seen) for user_id, key, is_seen in mine.values_list("user_id", "pk", "is_seen_in_chat")}
    added = [user_id for user_id in wanted if user_id not in known]
    bulk.insert(
        LoginUser,
        ("user_id",),
        [(user_id,) for user_id in added],
        same=_OF_A_NEW_USER | {"integration_id": run.integration_id, "created_at": now},
        unique=("integration_id", "user_id"),
        update=("is_seen_in_chat",),
    )
    if unseen := [key for key, is_seen in known.values() if not is_seen]:
        LoginUser.objects.filter(pk__among=unseen).update(is_seen_in_chat=True)
    keys = {user_id: key for user_id, (key, _is_seen) in known.items()}
    new = LoginUser.objects.filter(integration_id=run.integration_id, user_id__among=added)
    return keys | (dict(new.values_list("user_id", "pk")) if added else {})


def _end(link: VisitorLink, *, reason: EndReason, now: datetime) -> None:
    # A clock that was set back must not make a link end before it began.
    link.ended_at, link.end_reason = max(now, link.first_seen_at), reason


def _claims(subjects: Iterable[_Subject]) -> dict[int, str]:
    """Return the user IDs that visitors carry although a person parted them, by the visitor's key."""
    return {
        one.row.pk: one.answer.record.user_id
        for one in subjects
        if isinstance(one.answer.record, VisitorRecord) and one.answer.record.user_id in one.apart_user_ids
    }


def _tally(*, subjects: Sequence[_Subject], conflicts: int, quarantined: int) -> BatchResult:
    verbs = [subject.plan.verb for subject in subjects if subject.plan]
    states = [subject.row.state for subject in subjects if subject.plan and subject.plan.verb != Verb.KEEP]
    return BatchResult(
        linked=verbs.count(Verb.OPEN),
        relinked=verbs.count(Verb.RELINK),
        anonymous=states.count("anonymous"),
        gone=states.count("gone"),
        conflicts=conflicts,
        quarantined=quarantined,
    )
