"""When the next call to a Zendesk account may leave: one row an account, shared by every worker on every machine."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Value, When

from linking.clients.retry_after import LONGEST_S
from linking.core.gcra import MINUTE_S, next_slot
from linking.core.times import is_ahead
from linking.models import RequestSlot
from linking.models.sql.times import match_ahead

# One call a minute is the smallest budget. A slot farther off is written anew, to the full minute, so that no minute
# holds more than the budget.
FARTHEST_S = 60.0
# A person who waits may reserve a slot that is still to come; nothing else takes one before its time.
RESERVED_AHEAD_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long to wait before asking again; 0 means that the slot is taken. `is_pause`: Zendesk asked for it."""

    seconds: float
    is_pause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How many calls left in this minute of the clock, and in the one before."""

    this_minute: int
    last_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A slot in `seconds`; `is_mine` is False where none is free in time, and then `seconds` says how far it is off.

    `is_pause`: Zendesk asked for that wait.
    """

    seconds: float
    is_mine: bool = False
    is_pause: bool = False


def take_slot(*, account: str, per_minute: int, now_epoch_s: float) -> Wait:
    """Take the next free request slot of `account`, or say how long to wait for one.

    Args:
        account: its name, so that integrations of one Zendesk account share its budget.
        per_minute: the budget; calls leave evenly spaced, so that no 60 s hold more than these.
    """
    while True:
        row = _load_believable_row(account, now_epoch_s=now_epoch_s)
        if is_ahead(row.paused_until_epoch_s, now=now_epoch_s, longest=LONGEST_S):
            return Wait(seconds=row.paused_until_epoch_s - now_epoch_s, is_pause=True)
        # The condition holds while nobody else took the slot in between; then it is looked at anew.
        unchanged = RequestSlot.objects.filter(pk=row.pk, next_free_epoch_s=row.next_free_epoch_s)
        slot = next_slot(tat=row.next_free_epoch_s, now=now_epoch_s, per_minute=per_minute)
        if not slot.is_free:
            return Wait(seconds=slot.wait_s)
        if unchanged.filter(paused_until_epoch_s=row.paused_until_epoch_s).update(
            next_free_epoch_s=slot.next_tat, **_count_call(now_epoch_s)
        ):
            return Wait(seconds=0.0)


def reserve_slot(*, account: str, per_minute: int, now_epoch_s: float, within_s: float) -> Reservation:
    """Take the next slot of `account` before it is free, ahead of everybody who waits for one.

    Args:
        within_s: how far off the slot may be, at most `RESERVED_AHEAD_S`.
    """
    within_s = min(within_s, RESERVED_AHEAD_S)
    while True:
        row = _load_believable_row(account, now_epoch_s=now_epoch_s)
        if is_ahead(row.paused_until_epoch_s, now=now_epoch_s, longest=LONGEST_S):
            return Reservation(seconds=row.paused_until_epoch_s - now_epoch_s, is_pause=True)
        at = max(row.next_free_epoch_s, now_epoch_s)
        if at > now_epoch_s + within_s:
            return Reservation(seconds=at - now_epoch_s)
        unchanged = RequestSlot.objects.filter(pk=row.pk, next_free_epoch_s=row.next_free_epoch_s)
        if unchanged.filter(paused_until_epoch_s=row.paused_until_epoch_s).update(
            next_free_epoch_s=at + MINUTE_S / per_minute, **_count_call(at)
        ):
            return Reservation(seconds=at - now_epoch_s, is_mine=True)


def pause(*, account: str, until_epoch_s: float) -> None:
    """Let no call to `account` leave before `until_epoch_s`; a longer pause already asked for stays."""
    row = RequestSlot.objects.filter(pk=_load_row(account).pk)
    is_longer = match_ahead("paused_until_epoch_s", now=until_epoch_s, longest=LONGEST_S)
    row.exclude(is_longer).update(paused_until_epoch_s=until_epoch_s)


def is_paused(*, account: str, now_epoch_s: float) -> bool:
    """Return whether Zendesk asked for a pause that is not over."""
    return is_ahead(_load_row(account).paused_until_epoch_s, now=now_epoch_s, longest=LONGEST_S)


def load_calls(*, accounts: Iterable[str], now_epoch_s: float) -> dict[str, Calls]:
    """Return the calls of this minute and the last of each account that was ever called; one query."""
    minute = int(now_epoch_s // MINUTE_S)
    rows = RequestSlot.objects.filter(account__in=sorted(set(accounts)))
    return {row.account: _read_calls(row, minute=minute) for row in rows}


def _read_calls(row: RequestSlot, *, minute: int) -> Calls:
    if row.minute == minute:
        return Calls(this_minute=row.calls_this_minute, last_minute=row.calls_last_minute)
    return Calls(this_minute=0, last_minute=row.calls_this_minute if row.minute == minute - 1 else 0)


def _count_call(at_epoch_s: float) -> dict[str, Any]:
    """Return what the statement that takes a slot sets besides: the call counts in its minute."""
    minute = int(at_epoch_s // MINUTE_S)
    return {
        "minute": minute,
        "calls_this_minute": Case(When(minute=minute, then=F("calls_this_minute") + 1), default=Value(1)),
        "calls_last_minute": Case(
            When(minute=minute, then=F("calls_last_minute")),
            When(minute=minute - 1, then=F("calls_this_minute")),
            default=Value(0),
        ),
    }


def _load_believable_row(account: str, *, now_epoch_s: float) -> RequestSlot:
    row, at = _load_row(account), now_epoch_s + FARTHEST_S
    longest_s = FARTHEST_S + RESERVED_AHEAD_S
    if row.next_free_epoch_s > now_epoch_s and not is_ahead(row.next_free_epoch_s, now=now_epoch_s, longest=longest_s):
        RequestSlot.objects.filter(pk=row.pk, next_free_epoch_s=row.next_free_epoch_s).update(next_free_epoch_s=at)
        row.next_free_epoch_s = at
    return row


def _load_row(account: str) -> RequestSlot:
    slot = RequestSlot.objects.filter(account=account).first()
    if slot is None:
        RequestSlot.objects.bulk_create([RequestSlot(account=account)], ignore_conflicts=True)
        slot = RequestSlot.objects.get(account=account)
    return slot
