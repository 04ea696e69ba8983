from datetime import UTC, datetime, timedelta

import pytest

from linking.monitoring.freshness import STALE_AFTER, Standing, standing_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FINE = {"is_enabled": True, "is_complete": True, "is_sync_enabled": True, "blocked_reason": "", "last_success_at": NOW}


class TestStandingOf:
    @pytest.mark.parametrize(
        ("changes", "standing"),
        [
            ({}, Standing.FRESH),
            ({"last_success_at": NOW - STALE_AFTER}, Standing.FRESH),
            ({"last_success_at": NOW - STALE_AFTER - timedelta(seconds=1)}, Standing.STALE),
            ({"last_success_at": None}, Standing.NEVER_SYNCED),
            ({"last_success_at": None, "is_catching_up": True}, Standing.CATCHING_UP),
            ({"last_success_at": NOW - 2 * STALE_AFTER, "is_catching_up": True}, Standing.CATCHING_UP),
            ({"is_catching_up": True}, Standing.FRESH),
            ({"last_success_at": None, "is_catching_up": True, "is_paused": True}, Standing.PAUSED),
            ({"is_sync_enabled": False}, Standing.SYNC_OFF),
            ({"blocked_reason": "credentials"}, Standing.BLOCKED),
            ({"is_complete": False, "blocked_reason": "host"}, Standing.INCOMPLETE),
            ({"is_enabled": False, "is_complete": False}, Standing.DISABLED),
        ],
    )
    def test_is_the_first_word_that_applies(self, changes, standing):
        assert standing_of(now=NOW, **(FINE | changes)) is standing
