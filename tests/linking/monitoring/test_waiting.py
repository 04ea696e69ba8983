from datetime import UTC, datetime, timedelta

import pytest

from linking.models import WaitingHour
from linking.monitoring import waiting
from tests.factories import make_integration, make_visitor

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 34, tzinfo=UTC)
HOUR = NOW.replace(minute=0)


def make_waiting(acme, number):
    for one in range(number):
        make_visitor(integration=acme, visitor_id=f"7.v{one}", lookup_due_at=NOW)


class TestSampleWaiting:
    def test_keeps_the_last_look_of_an_hour(self):
        acme = make_integration()
        make_waiting(acme, 3)
        waiting.sample_waiting(now=NOW)
        acme.visitors.first().delete()
        waiting.sample_waiting(now=NOW + timedelta(minutes=5))
        assert waiting.list_hours(since=HOUR) == {acme.pk: {HOUR: 2}}

    def test_keeps_hours_apart(self):
        acme = make_integration()
        for hours in (0, 1):
            waiting.sample_waiting(now=NOW + timedelta(hours=hours))
        assert waiting.list_hours(since=HOUR) == {acme.pk: {HOUR: 0, HOUR + timedelta(hours=1): 0}}

    def test_counts_up_to_a_bound(self, monkeypatch):
        monkeypatch.setattr(waiting, "LEFT_COUNTED_MOST", 2)
        acme = make_integration()
        make_waiting(acme, 5)
        waiting.sample_waiting(now=NOW)
        assert waiting.list_hours(since=HOUR)[acme.pk][HOUR] == 2

    def test_drops_what_is_too_old(self):
        acme = make_integration()
        WaitingHour.objects.create(integration=acme, hour_at=NOW - timedelta(days=9), waiting=1)
        waiting.sample_waiting(now=NOW)
        assert WaitingHour.objects.count() == 1
