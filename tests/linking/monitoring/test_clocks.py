"""A clock that is off is noticed by what the tokens and the services say."""

from datetime import UTC, datetime, timedelta

import pytest

from linking.models import SharedCount
from linking.monitoring import clocks
from linking.monitoring.metrics import shared_counts, token_times
from linking.monitoring.metrics.shared_counts import CountKey
from linking.tokens.refusals import Reason

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_waits():
    shared_counts.forget()
    yield
    shared_counts.forget()


def answer(*reasons, ago_s=0):
    for reason in reasons:
        status = 200 if reason is None else 401
        token_times.note(took_s=0.001, status=status, reason=reason, now_s=NOW.timestamp() - ago_s)
    shared_counts.flush(now_s=NOW.timestamp())


def parts():
    return [flaw.part for flaw in clocks.find_flaws(now=NOW)]


class TestRefusals:
    @pytest.mark.parametrize("reason", [Reason.EXPIRED, Reason.NOT_YET_VALID])
    def test_of_every_token_blame_the_clock(self, reason):
        answer(*[reason] * 5)
        assert parts() == ["clock"]

    @pytest.mark.parametrize(
        "reasons", [[Reason.EXPIRED] * 4, [*[Reason.EXPIRED] * 50, None], [Reason.SIGNATURE] * 50, [None] * 50]
    )
    def test_of_some_do_not(self, reasons):
        answer(*reasons)
        assert parts() == []

    def test_of_an_hour_ago_do_not(self):
        answer(*[Reason.EXPIRED] * 9, ago_s=3600)
        assert parts() == []


class TestServices:
    @pytest.mark.parametrize(
        ("ahead_ms", "words"),
        [(90_000, "90 seconds behind that of Login"), (-300_000, "300 seconds ahead of that of Login")],
    )
    def test_whose_clock_differs_are_named(self, ahead_ms, words):
        shared_counts.write_reading(CountKey("clock_ahead_ms", "login"), ahead_ms, at_s=NOW.timestamp())
        assert words in next(clocks.find_flaws(now=NOW)).detail

    @pytest.mark.parametrize(("ahead_ms", "ago"), [(9_000, timedelta()), (90_000, timedelta(hours=1))])
    def test_that_agree_or_were_heard_long_ago_are_not(self, ahead_ms, ago):
        shared_counts.write_reading(CountKey("clock_ahead_ms", "login"), ahead_ms, at_s=(NOW - ago).timestamp())
        assert parts() == []


class TestPrune:
    def test_keeps_the_last_hour_and_other_counts(self):
        answer(None, ago_s=7200)
        answer(None)
        clocks.prune(now=NOW)
        assert SharedCount.objects.filter(name="token_minutes").count() == 1
        assert SharedCount.objects.exclude(name="token_minutes").exists()
