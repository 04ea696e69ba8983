"""When the next call to a Zendesk account may leave: one row an account, shared by every worker on every machine."""

from dataclasses import dataclass

from django.db.models import Q

from linking.core.pacing import next_slot
from linking.core.retry_after import LONGEST_S
from linking.models import RequestSlot

# One call a minute is the smallest budget: anything farther off was written by a clock that has been set back since.
# It is written anew, so that the wait ends, and to the full minute, so that no minute holds more than the budget.
FARTHEST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long to wait before asking again; 0 means that the slot is taken. `is_pause`: Zendesk asked for it."""

    seconds: float
    is_pause: bool = False


def take_slot(*, account: str, per_minute: int, now_epoch_s: float) -> Wait:
    """Take the next free request slot of `account`, or say how long to wait for one.

    Args:
        account: its name, so that integrations of one Zendesk account share its budget.
        per_minute: the budget; calls leave evenly spaced, so that no 60 s hold more than these.
    """
    while True:
        row = _row(account)
        # A pause farther off than any pause can be was written by a clock that ran ahead.
        if now_epoch_s < row.paused_until_epoch_s <= now_epoch_s + LONGEST_S:
            return Wait(seconds=row.paused_until_epoch_s - now_epoch_s, is_pause=True)
        # The condition holds while nobody else took the slot in between; then it is looked at anew.
        unchanged = RequestSlot.objects.filter(pk=row.pk, next_free_epoch_s=row.next_free_epoch_s)
        if row.next_free_epoch_s > now_epoch_s + FARTHEST_S:
            unchanged.update(next_free_epoch_s=now_epoch_s + FARTHEST_S)
            continue
        slot = next_slot(tat=row.next_free_epoch_s, now=now_epoch_s, per_minute=per_minute)
        if not slot.is_free:
            return Wait(seconds=slot.wait_s)
        if unchanged.filter(paused_until_epoch_s=row.paused_until_epoch_s).update(next_free_epoch_s=slot.next_tat):
            return Wait(seconds=0.0)


def pause(*, account: str, until_epoch_s: float) -> None:
    """Let no call to `account` leave before `until_epoch_s`; a longer pause already asked for stays."""
    row = RequestSlot.objects.filter(pk=_row(account).pk)
    is_behind = Q(paused_until_epoch_s__lt=until_epoch_s)
    row.filter(is_behind | Q(paused_until_epoch_s__gt=until_epoch_s + LONGEST_S)).update(
        paused_until_epoch_s=until_epoch_s
    )


def _row(account: str) -> RequestSlot:
    found = RequestSlot.objects.filter(account=account).first()
    if found is None:
        RequestSlot.objects.bulk_create([RequestSlot(account=account)], ignore_conflicts=True)
        found = RequestSlot.objects.get(account=account)
    return found
