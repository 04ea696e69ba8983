"""Answers about people who were erased: nothing of them is stored, and what they left behind elsewhere goes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from linking.clients.zendesk_records import VisitorRecord
from linking.keeping import Kind, Trace, find_erased, is_ids_only, mark_as_well
from linking.models import LoginUser, Visitor, VisitorLink
from linking.sync.store.batch import VisitorAnswer
from linking.sync.store.rows import find_canonical_ids


def list_traces(integration_id: int, record: VisitorRecord, *, asked_id: str) -> set[Trace]:
    """Return everything in a record by which somebody who was erased is recognized."""
    return {
        Trace(integration_id, Kind.VISITOR, asked_id),
        Trace(integration_id, Kind.VISITOR, record.visitor_id),
        Trace(integration_id, Kind.USER, record.user_id),
        Trace(integration_id, Kind.EMAIL, record.email),
        Trace(integration_id, Kind.EMAIL, record.name),
    }


def leave_out_erased(answers: Sequence[VisitorAnswer], *, integration_id: int) -> list[VisitorAnswer]:
    """Return the answers that may be stored, in the caller's transaction; call it before rows are locked.

    A visitor who turns out to be somebody erased is removed, and not stored again under this ID. Who was linked to
    somebody before, or is another known player by now, stays, without the contact and without the ID that was erased.
    """
    traces = {
        place: list_traces(integration_id, answer.record, asked_id=answer.asked_id)
        for place, answer in enumerate(answers)
        if isinstance(answer.record, VisitorRecord)
    }
    erased = find_erased(trace for mine in traces.values() for trace in mine)
    if is_ids_only():
        answers = [_without_contact(answer) for answer in answers]
    if not erased:
        return list(answers)
    hit = {place: mine & erased for place, mine in traces.items() if mine & erased}
    others = _find_with_past(integration_id, [answers[place] for place in hit])
    players = _find_players(integration_id, [answers[place] for place in hit], erased=erased)
    kept = []
    for place, answer in enumerate(answers):
        record = answer.record
        if place not in hit or not isinstance(record, VisitorRecord):
            kept.append(answer)
        elif answer.asked_id in others or record.user_id in players:
            user_id = "" if Trace(integration_id, Kind.USER, record.user_id) in erased else record.user_id
            kept.append(replace(answer, record=replace(without_contact(record), user_id=user_id)))
        else:
            _remove(integration_id, answer, because=hit[place])
    return kept


def without_contact(record: VisitorRecord) -> VisitorRecord:
    """Return a record with nothing but its IDs and times."""
    return replace(record, name="", email="", phone="", notes="")


def _without_contact(answer: VisitorAnswer) -> VisitorAnswer:
    if not isinstance(answer.record, VisitorRecord):
        return answer
    return replace(answer, record=without_contact(answer.record))


def _find_players(integration_id: int, answers: Iterable[VisitorAnswer], *, erased: frozenset[Trace]) -> set[str]:
    """Return the user IDs in the answers that are players kept here."""
    carried = {answer.record.user_id for answer in answers if isinstance(answer.record, VisitorRecord)}
    wanted = {one for one in carried - {""} if Trace(integration_id, Kind.USER, one) not in erased}
    known = LoginUser.objects.filter(integration_id=integration_id, user_id__any_of=sorted(wanted))
    return set(known.values_list("user_id", flat=True)) if wanted else set()


def _find_with_past(integration_id: int, answers: Iterable[VisitorAnswer]) -> set[str]:
    """Return the IDs asked about whose visitors were linked to somebody."""
    ids = {answer.asked_id for answer in answers}
    canonical = find_canonical_ids(integration_id=integration_id, visitor_ids=ids)
    wanted = ids | set(canonical.values())
    links = VisitorLink.objects.filter(
        visitor__integration_id=integration_id, visitor__visitor_id__any_of=sorted(wanted)
    ).order_by()
    linked = set(links.values_list("visitor__visitor_id", flat=True))
    return {asked_id for asked_id in ids if canonical.get(asked_id, asked_id) in linked}


def _remove(integration_id: int, answer: VisitorAnswer, *, because: Iterable[Trace]) -> None:
    ids = {answer.asked_id} | ({answer.record.visitor_id} if isinstance(answer.record, VisitorRecord) else set())
    rows = Visitor.objects.filter(integration_id=integration_id, visitor_id__any_of=sorted(ids))
    ids -= set(rows.filter(links__isnull=False).order_by().values_list("visitor_id", flat=True))
    mark_as_well([Trace(integration_id, Kind.VISITOR, one) for one in sorted(ids)], because=because)
    rows.filter(links__isnull=True).delete()
