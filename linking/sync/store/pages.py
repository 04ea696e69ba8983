"""Parses and stores one page of the export."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from django.db import transaction

from linking.clients.zendesk_chat import ExportPage
from linking.clients.zendesk_records import ChatRecord, Unreadable, id_text, parse_chat, parse_time, unreadable
from linking.core.states import VisitorState
from linking.core.text import email_key
from linking.keeping import Kind, Trace, find_erased, is_ids_only
from linking.models import Integration, LoginUser, SyncRun, Visitor
from linking.models.sql import bulk
from linking.sync.plans.facts import VisitorFacts
from linking.sync.plans.seen_visitors import merge_chats, plan_export
from linking.sync.store import leases
from linking.sync.store.chats import store_chats
from linking.sync.store.namesakes import find_crowded
from linking.sync.store.quarantine import forget_readable, quarantine_records, settle_place
from linking.sync.store.rows import find_canonical_ids, lock_facts
from linking.sync.store.runs import Cursor, touch_run

NOBODY_MIN = 10  # chats of a page that may all lack a visitor before the page is taken for broken
AHEAD_S = 86_400  # how far the vendor's clock may run ahead of ours
_ACTIVITY = ("first_seen_at", "last_seen_at", "last_chat_id", "lookup_due_at", "lookup_rank", "lookup_attempts")
_CONTACT = ("name", "email", "phone", "notes")
_CHANGED = (*_ACTIVITY, *_CONTACT)
_contact_of = attrgetter(*_CONTACT)
_changeable = attrgetter(*_CHANGED)
_OF_A_NEW_ONE = {"state": VisitorState.PENDING.value, "is_banned": False, "external_id": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPage:
    """One page of the export after reading: what could be read, what could not, and where it was asked from."""

    chats: tuple[ChatRecord, ...]
    unreadable: tuple[Unreadable, ...]
    start: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """How many visitors a page added and how many of its records were set aside."""

    added: int
    quarantined: int


def parse_page(*, page: ExportPage, start: Cursor, now: datetime) -> ParsedPage:
    """Return a page's records read; a chat without a time of its own is taken to be as old as the page.

    So is one from the future, beside which nothing that its visitor does later would look like news.
    """
    end_epoch_s = _find_end(page=page, now=now)
    fallback_at = datetime.fromtimestamp(start.epoch_s if end_epoch_s is None else end_epoch_s, tz=UTC)
    latest_at = now + timedelta(seconds=AHEAD_S)
    records = [parse_chat(raw, fallback_at=fallback_at, latest_at=latest_at) for raw in page.records]
    chats = tuple(record for record in records if isinstance(record, ChatRecord))
    bad = tuple(record for record in records if isinstance(record, Unreadable))
    if len(chats) >= NOBODY_MIN and all(chat.visitor is None for chat in chats):
        # One chat without visitor happens. A whole page of them is a fault of the feed, and would lose everybody.
        bad = tuple(unreadable(raw, reason="No chat of this page names its visitor.") for raw in page.records)
        chats = ()
    return ParsedPage(chats=chats, unreadable=bad, start=start)


def find_last_place(*, page: ExportPage, start: Cursor, now: datetime) -> Cursor | None:
    """Return the place after a page, None where it names none that leads on.

    That is the vendor's word, but never beyond the last record that has a time of its own, nor beyond `now`: a cursor
    that runs ahead of what was stored would lose what lies between. So a chat with a time that is still to come is
    stored, and does not move the cursor.
    """
    own = [place for place in _list_own_places(page) if place.epoch_s <= now.timestamp()]
    newest_s = max((place.epoch_s for place in own), default=None)
    end_epoch_s = _find_end(page=page, now=now)
    if not own and page.is_short:
        return start  # nobody waits behind it, so the same place is asked for again
    if end_epoch_s is None and newest_s is None:
        return None
    epoch_s = min(one for one in (end_epoch_s, newest_s, int(now.timestamp())) if one is not None)
    if epoch_s < start.epoch_s:
        return None
    # The last id that can be read, and the vendor's word only where there is none: from no id on, a second that holds
    # more chats than a page would begin anew.
    ids = (place.chat_id for place in reversed(own) if place.epoch_s == epoch_s and place.chat_id)
    chat_id = next(ids, "")
    return Cursor(epoch_s=epoch_s, chat_id=chat_id or (page.end_id if epoch_s == end_epoch_s else ""))


def _find_end(*, page: ExportPage, now: datetime) -> int | None:
    # Nothing can have changed in the future: a clock or a unit is wrong, and the word is not taken.
    is_sane = page.end_epoch_s is not None and page.end_epoch_s <= now.timestamp() + AHEAD_S
    return page.end_epoch_s if is_sane else None


def _list_own_places(page: ExportPage) -> list[Cursor]:
    places = []
    for raw in page.records:
        record = raw if isinstance(raw, dict) else {}
        at = parse_time(record.get("update_timestamp"))
        if at is not None:
            places.append(Cursor(epoch_s=int(at.timestamp()), chat_id=id_text(record.get("id"))))
    return places


def note_skipped_second(*, run: SyncRun, epoch_s: int, now: datetime) -> None:
    """Set aside that chats of one second could not all be read, because the vendor ignores the cursor's second half."""
    reason = "More chats share this second than one page holds, and the export repeats itself: some were not read."
    quarantine_records(run=run, source="export", records=[Unreadable(key=str(epoch_s), reason=reason, raw="")], now=now)


def store_page(
    *,
    held: leases.Held,
    run: SyncRun,
    page: ParsedPage,
    cursor: Cursor | None,
    is_caught_up: bool,
    counts: Mapping[str, int],
    now: datetime,
    is_retry: bool = False,
) -> PageOutcome:
    """Store one page of the export: visitors, records set aside, cursor and counts, all or nothing.

    Args:
        cursor: the place after the page, None to leave it where it is.
        counts: the run's counts before this page; what the page adds is added to them.
        is_retry: the page was asked for again because of records that could not be read.

    Raises: leases.LeaseLost, and then nothing was stored.
    """
    with transaction.atomic():
        leases.renew(held=held)
        added = _store_seen(integration_id=run.integration_id, chats=page.chats, now=now)
        quarantined = _sort_unreadable(run=run, page=page, is_retry=is_retry, now=now)
        place = {} if cursor is None else {"cursor_epoch_s": cursor.epoch_s, "cursor_id": cursor.chat_id}
        # Whatever Zendesk refused before, it does so no more.
        working = {"is_caught_up": is_caught_up, "blocked_reason": ""}
        Integration.objects.filter(pk=run.integration_id).update(**working, **place)
        outcome = PageOutcome(added=added, quarantined=quarantined)
        after = dict(counts) | {
            "visitors_found": counts["visitors_found"] + added,
            "quarantined": counts["quarantined"] + quarantined,
        }
        touch_run(run=run, counts=after, now=now, cursor=cursor)
    return outcome


def _sort_unreadable(*, run: SyncRun, page: ParsedPage, is_retry: bool, now: datetime) -> int:
    number = quarantine_records(run=run, source="chat", records=page.unreadable, place=page.start, now=now)
    # Without a visitor a chat says nothing, least of all that the record set aside before can be forgotten.
    read = {chat.chat_id for chat in page.chats if chat.visitor is not None}
    forget_readable(integration_id=run.integration_id, source="chat", keys=read)
    if is_retry:
        still = {record.key for record in page.unreadable}
        settle_place(integration_id=run.integration_id, place=page.start, unreadable=still, now=now)
    return number


def _store_seen(*, integration_id: int, chats: Sequence[ChatRecord], now: datetime) -> int:
    chats = _leave_out_erased(chats, integration_id=integration_id)
    if is_ids_only():
        chats = [_without_contact(chat) for chat in chats]
    carried = {chat.visitor.visitor_id for chat in chats if chat.visitor is not None}
    aliases = find_canonical_ids(integration_id=integration_id, visitor_ids=carried)
    seen = merge_chats(chats=chats, aliases=aliases)
    known = lock_facts(integration_id=integration_id, visitor_ids=seen.keys())
    plan = plan_export(
        seen=seen.values(),
        known={visitor_id: facts for visitor_id, (_key, facts) in known.items()},
        issued=_find_issued_words(
            integration_id=integration_id,
            words={word for visitor in seen.values() for word in (visitor.contact.email, visitor.contact.name) if word},
        ),
        now=now,
    )
    bulk.insert(
        Visitor,
        ("visitor_id", *_CHANGED),
        [(facts.visitor_id, *_changeable(facts)) for facts in plan.added],
        same=_OF_A_NEW_ONE | {"integration_id": integration_id, "stored_at": now},
        unique=("integration_id", "visitor_id"),
        update=(*_CHANGED, "stored_at"),
    )
    _update_changed(plan.changed, known=known, now=now)
    keys = {visitor_id: key for visitor_id, (key, _facts) in known.items()}
    keys |= _find_keys(integration_id=integration_id, visitor_ids=[facts.visitor_id for facts in plan.added])
    keys |= {other_id: keys[visitor_id] for other_id, visitor_id in aliases.items() if visitor_id in keys}
    store_chats(integration_id=integration_id, chats=chats, keys=keys)
    return len(plan.added)


def _leave_out_erased(chats: Sequence[ChatRecord], *, integration_id: int) -> list[ChatRecord]:
    traces = {
        chat.chat_id: {
            Trace(integration_id, Kind.VISITOR, chat.visitor.visitor_id),
            Trace(integration_id, Kind.EMAIL, chat.visitor.email),
            # Where the token had an address, it is the visitor's name.
            Trace(integration_id, Kind.EMAIL, chat.visitor.name),
        }
        for chat in chats
        if chat.visitor is not None
    }
    erased = find_erased(trace for mine in traces.values() for trace in mine)
    if not erased:
        return list(chats)
    ids = {trace.value for mine in traces.values() if mine & erased for trace in mine if trace.kind is Kind.VISITOR}
    known = {one for one in ids if Trace(integration_id, Kind.VISITOR, one) not in erased}
    known &= set(_find_keys(integration_id=integration_id, visitor_ids=sorted(known)))
    return [
        chat if erased.isdisjoint(traces.get(chat.chat_id, ())) else _without_contact(chat)
        for chat in chats
        if erased.isdisjoint(traces.get(chat.chat_id, ())) or (chat.visitor and chat.visitor.visitor_id in known)
    ]


def _without_contact(chat: ChatRecord) -> ChatRecord:
    """Return the chat of another player's device, on which somebody erased wrote an address once."""
    visitor = chat.visitor and replace(chat.visitor, name="", email="", phone="", notes="")
    return replace(chat, visitor=visitor)


def _update_changed(
    changed: Sequence[VisitorFacts], *, known: Mapping[str, tuple[int, VisitorFacts]], now: datetime
) -> None:
    """Write the facts of visitors that are known; most say something new only of when and what is to be asked."""
    of_contact = [facts for facts in changed if _contact_of(facts) != _contact_of(known[facts.visitor_id][1])]
    others = {facts.visitor_id for facts in of_contact}
    of_activity = [facts for facts in changed if facts.visitor_id not in others]
    for columns, rows in ((_ACTIVITY, of_activity), (_CHANGED, of_contact)):
        values_of = attrgetter(*columns)
        values = [(known[facts.visitor_id][0], *values_of(facts)) for facts in rows]
        bulk.update(Visitor, ("id", *columns), values, same={"stored_at": now})


def _find_keys(*, integration_id: int, visitor_ids: Collection[str]) -> dict[str, int]:
    rows = Visitor.objects.filter(integration_id=integration_id, visitor_id__any_of=visitor_ids).order_by()
    return dict(rows.values_list("visitor_id", "pk"))


def _find_issued_words(*, integration_id: int, words: Collection[str]) -> frozenset[str]:
    users = LoginUser.objects.filter(integration_id=integration_id).issued().carrying(words=words)
    pairs = list(users.values_list("email", "name"))
    emails = {email_key(email) for email, _name in pairs}
    names = {email_key(name): name for _email, name in pairs}
    # A name that many carry is no sign of one person; an address is.
    keys = {email_key(word) for word in words}
    doubtful = {name for key, name in names.items() if key in keys and key not in emails}
    crowded = {email_key(name) for name in find_crowded(integration_id=integration_id, words=doubtful)}
    return frozenset(emails | (names.keys() - crowded)) - {""}
