"""How long a vendor asks us to wait."""

import pytest

from linking.clients.retry_after import http_date, retry_after_s

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"


class TestRetryAfterS:
    @pytest.mark.parametrize(("value", "seconds"), [("1", 1), ("30", 30), (" 7 ", 7), ("1.5", 2), ("0.1", 1)])
    def test_reads_seconds_and_rounds_up(self, value, seconds):
        assert retry_after_s(value) == seconds

    @pytest.mark.parametrize(("value", "seconds"), [("0", 1), ("601", 600), ("9" * 5000, 600)])
    def test_stays_between_a_second_and_ten_minutes(self, value, seconds):
        assert retry_after_s(value) == seconds

    @pytest.mark.parametrize("value", [None, "", "soon", "-5", "1e3", "٣", "..", "Sun, 99 Nov 2026", "\x00"])
    def test_takes_garbage_for_a_minute(self, value):
        assert retry_after_s(value, date=DATE) == 60

    def test_measures_a_date_on_the_clock_that_wrote_it(self):
        assert retry_after_s("Sun, 22 Nov 2026 12:01:30 GMT", date=DATE) == 90

    def test_does_not_wait_for_a_date_in_the_past(self):
        assert retry_after_s("Sun, 22 Nov 2026 11:00:00 GMT", date=DATE) == 1

    def test_takes_a_date_without_a_clock_for_a_minute(self):
        assert retry_after_s(DATE) == 60


class TestHttpDate:
    def test_is_aware(self):
        assert http_date(DATE).isoformat() == "2026-11-22T12:00:00+00:00"

    def test_is_none_for_nonsense(self):
        assert http_date("yesterday") is None
