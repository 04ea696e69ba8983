from datetime import UTC, datetime, timedelta

import pytest

from linking.monitoring.freshness import STALE_AFTER, SyncStanding, standing_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FINE = {"is_enabled": True, "is_complete": True, "is_sync_enabled": True, "blocked_reason": "", "last_success_at": NOW}


class TestStandingOf:
    @pytest.mark.parametrize(
        ("changes", "standing"),
        [
            ({}, SyncStanding.FRESH),
            ({"last_success_at": NOW - STALE_AFTER}, SyncStanding.FRESH),
            ({"last_success_at": NOW - STALE_AFTER - timedelta(seconds=1)}, SyncStanding.STALE),
            ({"last_success_at": None}, SyncStanding.NEVER_SYNCED),
            ({"last_success_at": None, "is_catching_up": True}, SyncStanding.CATCHING_UP),
            ({"last_success_at": NOW - 2 * STALE_AFTER, "is_catching_up": True}, SyncStanding.CATCHING_UP),
            ({"is_catching_up": True}, SyncStanding.FRESH),
            ({"last_success_at": None, "is_catching_up": True, "is_paused": True}, SyncStanding.PAUSED),
            ({"is_sync_enabled": False}, SyncStanding.SYNC_OFF),
            ({"blocked_reason": "credentials"}, SyncStanding.BLOCKED),
            ({"is_complete": False, "blocked_reason": "host"}, SyncStanding.INCOMPLETE),
            ({"is_enabled": False, "is_complete": False}, SyncStanding.DISABLED),
        ],
    )
    def test_is_the_first_word_that_applies(self, changes, standing):
        assert standing_of(now=NOW, **(FINE | changes)) is standing
