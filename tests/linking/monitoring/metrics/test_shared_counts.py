"""Counts of all processes together: added up, bounded, the same from each."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from linking.clients import traffic
from linking.clients.traffic import Service
from linking.models import SharedCount
from linking.monitoring.metrics import shared_counts
from linking.monitoring.metrics.shared_counts import CountKey

NOW_S = 1_780_000_000.0
KEY = CountKey("vendor_calls", "zendesk,2xx")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_waits():
    shared_counts.forget()
    yield
    shared_counts.forget()


def count_and_flush(number):
    shared_counts.add(KEY, number, now_s=NOW_S)
    return shared_counts.flush(now_s=NOW_S)


class TestFlush:
    def test_adds_to_what_other_processes_wrote(self):
        SharedCount.objects.create(name=KEY.name, labels=KEY.labels, count=40, at=datetime.now(tz=UTC))
        count_and_flush(2)
        assert shared_counts.load("vendor_calls") == {KEY: 42}

    def test_writes_each_number_once(self):
        count_and_flush(2)
        assert (shared_counts.flush(now_s=NOW_S), shared_counts.load("vendor_calls")) == (0, {KEY: 2})

    def test_keeps_what_could_not_be_written(self, monkeypatch):
        def fail(*_arguments, **_options):
            raise OperationalError("gone")

        with monkeypatch.context() as patch:
            patch.setattr(shared_counts._waiting, "store", fail)
            with pytest.raises(OperationalError):
                count_and_flush(2)
        assert count_and_flush(1) == 1
        assert shared_counts.load("vendor_calls") == {KEY: 3}

    def test_takes_the_calls_of_this_process(self):
        traffic.note_answer(Service.ZENDESK, status=429)
        traffic.note_failure(Service.LOGIN, outcome="slow")
        shared_counts.flush(now_s=NOW_S)
        assert {key.labels for key in shared_counts.load("vendor_calls")} == {"zendesk,429", "login,slow"}

    def test_replaces_the_reading_of_a_clock(self):
        for date in ("Mon, 30 Nov 2026 12:00:00 GMT", "Mon, 30 Nov 2026 12:01:00 GMT"):
            traffic.note_answer(Service.LOGIN, status=200, date=date, now_s=1796040000.0)
            shared_counts.flush(now_s=NOW_S)
        assert shared_counts.load("clock_ahead_ms") == {CountKey("clock_ahead_ms", "login"): 60_500}
