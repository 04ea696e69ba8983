"""Times that lie ahead, and those that a clock wrote which was set back since."""

from datetime import UTC, datetime, timedelta

import pytest

from linking.core.times import is_ahead
from linking.models import Lease
from linking.models.sql.times import match_ahead

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TIMES = [(-1, False), (0, False), (1, True), (60, True), (61, False)]


class TestIsAhead:
    @pytest.mark.parametrize(("seconds", "expected"), TIMES)
    def test_believes_a_time_up_to_the_longest_wait(self, seconds, expected):
        until = NOW + timedelta(seconds=seconds)
        assert is_ahead(until, now=NOW, longest=timedelta(seconds=60)) is expected

    @pytest.mark.parametrize(("seconds", "expected"), TIMES)
    def test_takes_seconds_too(self, seconds, expected):
        assert is_ahead(1000.0 + seconds, now=1000.0, longest=60.0) is expected


@pytest.mark.django_db
class TestMatchAhead:
    @pytest.mark.parametrize(("seconds", "expected"), TIMES)
    def test_finds_the_rows_that_is_ahead_believes(self, seconds, expected):
        Lease.objects.create(name="a", owner="w", expires_at=NOW + timedelta(seconds=seconds))
        rows = Lease.objects.filter(match_ahead("expires_at", now=NOW, longest=timedelta(seconds=60)))
        assert rows.exists() is expected

    def test_counts_a_row_without_time_as_over(self):
        Lease.objects.create(name="a", expires_at=None)
        assert Lease.objects.filter(~match_ahead("expires_at", now=NOW, longest=timedelta(seconds=60))).exists()
