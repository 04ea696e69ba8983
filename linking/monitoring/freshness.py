"""How an integration stands, in one word, from what the store knows."""

from datetime import datetime, timedelta
from enum import StrEnum

# A pass is due about once a minute; a quarter of an hour without a good one is worth a look.
STALE_AFTER = timedelta(minutes=15)
HEARTBEAT_STALE_AFTER = timedelta(seconds=60)


class SyncStanding(StrEnum):
    """How an integration stands; the first that applies, in this order."""

    DISABLED = "disabled"  # switched off: answers no token, is not synced
    INCOMPLETE = "incomplete"  # a secret is missing
    BLOCKED = "blocked"  # only a person can get the sync going again
    SYNC_OFF = "sync_off"  # tokens are answered, nothing is read from Zendesk
    PAUSED = "paused"  # a person lets the schedule rest
    CATCHING_UP = "catching_up"  # passes read what they can, and there is more than they could read yet
    NEVER_SYNCED = "never_synced"  # no pass was ever complete
    STALE = "stale"  # the last complete pass is too long ago
    FRESH = "fresh"


def standing_of(
    *,
    is_enabled: bool,
    is_complete: bool,
    is_sync_enabled: bool,
    blocked_reason: str,
    last_success_at: datetime | None,
    now: datetime,
    is_paused: bool = False,
    is_catching_up: bool = False,
) -> SyncStanding:
    """Return the one word for an integration at `now`.

    `is_catching_up`: whether passes got on lately although none was complete.
    """
    if not is_enabled:
        return SyncStanding.DISABLED
    if not is_complete:
        return SyncStanding.INCOMPLETE
    if blocked_reason:
        return SyncStanding.BLOCKED
    if not is_sync_enabled:
        return SyncStanding.SYNC_OFF
    if is_paused:
        return SyncStanding.PAUSED
    if last_success_at is not None and now - last_success_at <= STALE_AFTER:
        return SyncStanding.FRESH
    if is_catching_up:
        return SyncStanding.CATCHING_UP
    return SyncStanding.NEVER_SYNCED if last_success_at is None else SyncStanding.STALE
