from datetime import timedelta

import pytest

from linking import registry
from linking.models import Quarantined
from linking.sync import history
from linking.sync.store import request_slots
from tests.factories import NOW, make_integration, make_run

pytestmark = pytest.mark.django_db


def make_passes(integration, number, **changes):
    return [
        make_run(integration=integration, started_at=NOW + timedelta(minutes=one), **changes) for one in range(number)
    ]


class TestListRecentPasses:
    def test_gives_the_newest_of_each_integration_oldest_first(self):
        acme, second = make_integration(), make_integration(slug="second", login_project_id="p2")
        runs = make_passes(acme, 5)
        (only,) = make_passes(second, 1)
        found = history.list_recent_passes(limit=3)
        assert [one.key for one in found[acme.pk]] == [run.pk for run in runs[-3:]]
        assert [one.key for one in found[second.pk]] == [only.pk]

    def test_takes_no_refresh_of_one_visitor_for_a_pass(self):
        acme = make_integration()
        make_passes(acme, 4, trigger="refresh")
        assert history.list_recent_passes(limit=3) == {}

    def test_says_how_long_each_took(self):
        acme = make_integration()
        make_run(integration=acme, started_at=NOW, finished_at=NOW + timedelta(seconds=7))
        make_run(
            integration=acme, state="running", started_at=NOW + timedelta(minutes=1), finished_at=None,
            touched_at=NOW + timedelta(minutes=1, seconds=3),
        )  # fmt: skip
        assert [one.took_s for one in history.list_recent_passes(limit=9)[acme.pk]] == [7, 3]

    def test_needs_no_integration(self):
        assert history.list_recent_passes(limit=9) == {}

    def test_costs_the_same_for_many_integrations(self, django_assert_num_queries):
        for number in range(4):
            make_passes(make_integration(slug=f"s{number}", login_project_id=f"p{number}"), 5)
        with django_assert_num_queries(2):
            history.list_recent_passes(limit=3)


class TestLoadBudgets:
    def test_counts_the_calls_to_the_integration_s_account(self):
        acme = make_integration()
        snapshot = registry.current()
        request_slots.take_slot(account="acme.zendesk.com", per_minute=60, now_epoch_s=NOW.timestamp())
        budget = history.load_budgets(snapshot=snapshot, now=NOW)["acme"]
        assert (budget.this_minute, budget.last_minute, budget.per_minute) == (1, 0, acme.requests_per_minute)

    def test_is_empty_before_the_first_call(self):
        make_integration()
        assert history.load_budgets(snapshot=registry.current(), now=NOW)["acme"].this_minute == 0


class TestUnreadableRecords:
    def test_are_judged_only_among_the_newest(self, monkeypatch):
        monkeypatch.setattr(history, "JUDGED_MAX", 2)
        acme = make_integration()
        for number in range(3):
            times = {"retry_at": NOW, "first_seen_at": NOW, "last_seen_at": NOW}
            Quarantined.objects.create(integration=acme, source="chat", record_key=f"c{number}", raw="", **times)
        assert [row.record_key for row in history.list_unreadable()] == ["c2", "c1"]
        assert history.list_all_unreadable().count() == 3
