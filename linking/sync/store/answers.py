"""Stores a batch of answers about visitors: links, their ends, and conflicts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import F

from linking.clients.zendesk_records import Unreadable, VisitorRecord
from linking.core.text import email_key
from linking.models import EndReason, LoginUser, SyncRun, Visitor, VisitorLink
from linking.models.sql import bulk
from linking.sync.plans.facts import LinkPlan, Verb
from linking.sync.plans.reread_times import keep_waiting, plan_retry
from linking.sync.plans.visitor_states import plan_gone, plan_link
from linking.sync.store import parted_links
from linking.sync.store.batch import Batch, Subject, VisitorAnswer, end_link
from linking.sync.store.disagreements import find_shared_devices, store_disagreements
from linking.sync.store.erased import leave_out_erased
from linking.sync.store.quarantine import forget_readable, quarantine_records
from linking.sync.store.rows import apply_facts, read_facts

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
class BatchResult:
    """What a batch of answers changed."""

    linked: int = 0
    relinked: int = 0
    anonymous: int = 0
    gone: int = 0
    conflicts: int = 0
    quarantined: int = 0


def store_answers(*, run: SyncRun, answers: Sequence[VisitorAnswer], now: datetime) -> BatchResult:
    """Store a batch of answers in the caller's transaction; the last answer about a visitor counts.

    Stale or repeated answers are harmless: what they say is compared with the rows as they are now, and an answer to a
    question that was put before the one whose answer is kept changes nothing.
    """
    answers = leave_out_erased(answers, integration_id=run.integration_id)
    subjects = Batch.load(integration_id=run.integration_id, answers=answers, now=now).subjects
    _load_links(subjects)
    owners = _find_email_owners(run=run, subjects=subjects)
    variants = _find_id_variants(run=run, subjects=subjects)
    for subject in subjects:
        subject.plan = _plan(subject, owners=owners, variants=variants, now=now)
        _apply(subject, now=now)
    rows = [_visitor_values(subject.row) for subject in subjects]
    bulk.update(Visitor, _VISITOR_FIELDS, rows, same={"stored_at": now})
    _store_links(run=run, subjects=subjects, now=now)
    disagreements = [(subject.row, item) for subject in subjects if subject.plan for item in subject.plan.disagreements]
    conflicts = store_disagreements(run=run, disagreements=disagreements, now=now)
    parted_links.note_claims(claims=_find_claims(subjects), now=now)
    unreadable = [
        replace(answer.record, key=answer.asked_id) for answer in answers if isinstance(answer.record, Unreadable)
    ]
    quarantined = quarantine_records(run=run, source="visitor", records=unreadable, now=now)
    read_ids = {
        answer.asked_id for answer in answers if not answer.failure and not isinstance(answer.record, Unreadable)
    }
    forget_readable(integration_id=run.integration_id, source="visitor", keys=read_ids)
    return _count_changes(subjects=subjects, conflicts=conflicts, quarantined=quarantined)


def retry_on_conflict(action: Callable[[], T]) -> T:
    """Do `action`, which is a transaction of its own, and do it again where another writer was a moment faster.

    A refresh and a pass may learn at the same time that two visitors are one under an ID that nobody knew: the second
    time it is known.
    """
    try:
        return action()
    except IntegrityError:
        return action()


def _load_links(subjects: Sequence[Subject]) -> None:
    by_key = {subject.row.pk: subject for subject in subjects}
    links = VisitorLink.objects.filter(visitor__pk__any_of=by_key).order_by().annotate(user_id=F("login_user__user_id"))
    for link in links:
        if link.ended_at is None:
            by_key[link.visitor_id].open_link, by_key[link.visitor_id].open_user_id = link, link.user_id
        else:
            by_key[link.visitor_id].former_user_ids.add(link.user_id)
    for key, user_ids in parted_links.find_parted_user_ids(visitor_keys=by_key.keys()).items():
        by_key[key].parted_user_ids = user_ids
    for key in find_shared_devices(visitor_keys=[key for key, subject in by_key.items() if subject.is_changing]):
        by_key[key].is_shared_device = True


def _find_email_owners(*, run: SyncRun, subjects: Iterable[Subject]) -> dict[str, list[str]]:
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


def _find_id_variants(*, run: SyncRun, subjects: Iterable[Subject]) -> dict[str, set[str]]:
    """Return user IDs by their lower case, for IDs in the answers that exist in another case too."""
    records = [subject.answer.record for subject in subjects if isinstance(subject.answer.record, VisitorRecord)]
    carried = {record.user_id for record in records if not record.is_case_blind} - {""}
    mine = LoginUser.objects.filter(integration_id=run.integration_id)
    users = mine.in_any_case(user_ids=carried).values_list("user_id", flat=True) if carried else ()
    variants: dict[str, set[str]] = {}
    for user_id in carried | set(users):
        variants.setdefault(user_id.lower(), set()).add(user_id)
    return variants


def _plan(
    subject: Subject, *, owners: Mapping[str, list[str]], variants: Mapping[str, set[str]], now: datetime
) -> LinkPlan:
    facts, answer, record = read_facts(subject.row), subject.answer, subject.answer.record
    if isinstance(record, Unreadable) or answer.failure:
        return LinkPlan(facts=plan_retry(facts=facts, now=now), verb=Verb.KEEP)
    asked_at = subject.find_answer_time(now=now)
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


def _apply(subject: Subject, *, now: datetime) -> None:
    if subject.plan is None:
        return
    row, record = subject.row, subject.answer.record
    apply_facts(row=row, facts=subject.plan.facts, now=now)
    if isinstance(record, VisitorRecord) and subject.plan.verb != Verb.KEEP:
        row.is_banned, row.created_at = record.is_banned, record.created_at or row.created_at
        row.external_id = record.user_id or record.junk


def _store_links(*, run: SyncRun, subjects: Sequence[Subject], now: datetime) -> None:
    ended, confirmed, opened = [], [], []
    plans = [(subject, subject.plan) for subject in subjects if subject.plan is not None]
    users = _add_users(run=run, user_ids={plan.user_id for _, plan in plans if plan.user_id}, now=now)
    for subject, plan in plans:
        link = subject.open_link
        asked_at = subject.find_answer_time(now=now)
        if link is not None and plan.verb in _END_REASONS:
            is_gone = subject.answer.record is None
            end_link(link, reason=EndReason.GONE if is_gone else _END_REASONS[plan.verb], at=asked_at)
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


def _add_users(*, run: SyncRun, user_ids: Iterable[str], now: datetime) -> dict[str, int]:
    """Return the keys of the users `user_ids` by these; all are marked as seen in Chat, and added where new."""
    wanted = sorted(set(user_ids))
    mine = LoginUser.objects.filter(integration_id=run.integration_id, user_id__any_of=wanted)
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
        LoginUser.objects.filter(pk__any_of=unseen).update(is_seen_in_chat=True)
    keys = {user_id: key for user_id, (key, _is_seen) in known.items()}
    new = LoginUser.objects.filter(integration_id=run.integration_id, user_id__any_of=added)
    return keys | (dict(new.values_list("user_id", "pk")) if added else {})


def _find_claims(subjects: Iterable[Subject]) -> dict[int, str]:
    """Return the user IDs that visitors carry although a person parted them, by the visitor's key."""
    return {
        subject.row.pk: subject.answer.record.user_id
        for subject in subjects
        if isinstance(subject.answer.record, VisitorRecord) and subject.answer.record.user_id in subject.parted_user_ids
    }


def _count_changes(*, subjects: Sequence[Subject], conflicts: int, quarantined: int) -> BatchResult:
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
