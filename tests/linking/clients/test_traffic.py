"""Calls are counted by service and outcome; the Date of an answer tells a clock."""

import pytest

from linking.clients import traffic
from linking.clients.traffic import Service

NOON = "Mon, 30 Nov 2026 12:00:00 GMT"
NOON_S = 1796040000.0


@pytest.fixture(autouse=True)
def nothing_waits():
    traffic.take_calls()
    traffic.take_clocks()


class TestCalls:
    @pytest.mark.parametrize(("status", "outcome"), [(200, "2xx"), (404, "4xx"), (429, "429"), (503, "5xx")])
    def test_are_counted_by_outcome(self, status, outcome):
        traffic.note_answer(Service.ZENDESK, status=status)
        assert traffic.take_calls() == {("zendesk", outcome): 1}

    def test_are_taken_once(self):
        traffic.note_failure(Service.WEBHOOK, outcome="slow")
        traffic.take_calls()
        assert not traffic.take_calls()


class TestClocks:
    def test_are_read_from_the_date(self):
        traffic.note_answer(Service.LOGIN, status=200, date=NOON, now_s=NOON_S - 90)
        assert traffic.take_clocks()["login"].ahead_s == 90.5

    @pytest.mark.parametrize(
        ("service", "date", "age"),
        [
            (Service.LOGIN, NOON, "600"),
            (Service.LOGIN, "noon", ""),
            (Service.LOGIN, "", ""),
            (Service.WEBHOOK, NOON, ""),
        ],
    )
    def test_are_not_read_from_others(self, service, date, age):
        traffic.note_answer(service, status=200, date=date, age=age, now_s=NOON_S)
        assert traffic.take_clocks() == {}
