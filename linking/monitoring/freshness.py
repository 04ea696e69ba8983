"""The state of an integration's sync, in one word."""

from datetime import datetime, timedelta
from enum import StrEnum

# A sync is due about once a minute, so 15 minutes without a complete one need attention.
STALE_AFTER = timedelta(minutes=15)
HEARTBEAT_STALE_AFTER = timedelta(seconds=60)


class SyncStanding(StrEnum):
    """The state of a sync; the first that applies, in this order."""

    DISABLED = "disabled"  # the integration is switched off: no tokens, no sync
    INCOMPLETE = "incomplete"  # a secret is missing
    BLOCKED = "blocked"  # the sync waits for a person
    SYNC_OFF = "sync_off"  # tokens are issued, nothing is read from Zendesk
    PAUSED = "paused"  # a person paused the schedule
    CATCHING_UP = "catching_up"  # syncs make progress, but none has read everything yet
    NEVER_SYNCED = "never_synced"  # no sync was ever complete
    STALE = "stale"  # the last complete sync is too long ago
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
    """Return the state of an integration's sync at `now`.

    `is_catching_up`: whether recent syncs made progress although none was complete.
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
