"""Times of the token route become a histogram that Prometheus can read."""

import pytest

from linking.monitoring.metrics import shared_counts, token_times

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_waits():
    shared_counts.forget()
    yield
    shared_counts.forget()


class TestCumulate:
    def test_counts_each_answer_in_its_bucket_and_all_above(self):
        for took_s in (0.0004, 0.001, 0.002, 60.0):
            token_times.note(took_s=took_s, status=200, reason=None, now_s=0.0)
        shared_counts.flush(now_s=0.0)
        counts = shared_counts.load("token_buckets", "token_microseconds")
        buckets = dict(token_times.cumulate(counts))
        assert (buckets["0.0005"], buckets["0.001"], buckets["0.0025"], buckets["5"], buckets["+Inf"]) == (
            1,
            2,
            3,
            3,
            4,
        )
        assert token_times.read_sum_s(counts) == pytest.approx(60.0034)
