from datetime import UTC, date, datetime, timedelta

import pytest

from linking.models import Integration, LinkRateDay
from linking.search import link_rates
from linking.search.link_rates import PAST_A_TURN, RateOfDay, choose_days
from tests.factories import make_integration, make_visitor

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def make_row(day, *, is_settled=True, counted_at=NOW):
    return LinkRateDay(day=day, is_settled=is_settled, counted_at=counted_at)


def settled_month():
    return {day: make_row(day) for day in (TODAY - timedelta(days=number) for number in range(1, 30))}


class TestChooseDays:
    def test_is_today_alone_once_the_month_is_settled(self):
        assert choose_days(settled_month(), today=TODAY) == [TODAY]

    def test_fills_a_month_from_its_end_a_few_days_a_turn(self):
        days = choose_days({}, today=TODAY)
        assert days == [TODAY - timedelta(days=number) for number in range(PAST_A_TURN + 1)]

    def test_counts_unsettled_days_again_the_longest_ago_counted_first(self):
        rows = settled_month()
        for number, minutes in ((1, 5), (2, 30), (3, 10), (4, 20)):
            day = TODAY - timedelta(days=number)
            rows[day] = make_row(day, is_settled=False, counted_at=NOW - timedelta(minutes=minutes))
        assert choose_days(rows, today=TODAY) == [TODAY, *(TODAY - timedelta(days=number) for number in (2, 4, 3))]

    def test_lets_no_unsettled_day_come_before_one_never_counted(self):
        rows = settled_month()
        missing = TODAY - timedelta(days=20)
        del rows[missing]
        for number in range(1, 10):
            day = TODAY - timedelta(days=number)
            rows[day] = make_row(day, is_settled=False)
        assert choose_days(rows, today=TODAY)[1] == missing


@pytest.mark.django_db
class TestCountDays:
    @pytest.fixture
    def acme(self):
        return make_integration()

    def seen(self, acme, number, *, days=0, **changes):
        at = NOW - timedelta(days=days)
        for _one in range(number):
            visitor_id = f"7.v{acme.visitors.count()}"
            make_visitor(integration=acme, visitor_id=visitor_id, first_seen_at=at, last_seen_at=at, **changes)

    def row(self, days=0):
        return LinkRateDay.objects.get(day=TODAY - timedelta(days=days))

    def test_counts_each_day_by_what_is_known(self, acme):
        self.seen(acme, 3, state="linked")
        self.seen(acme, 2)
        self.seen(acme, 1, external_id="undefined")
        self.seen(acme, 1, state="pending", checked_at=None)
        link_rates.count_days(now=NOW)
        today = self.row()
        assert (today.visitors, today.linked, today.anonymous, today.junk, today.pending) == (7, 3, 2, 1, 1)

    def test_keeps_days_apart(self, acme):
        self.seen(acme, 2)
        self.seen(acme, 3, days=1)
        link_rates.count_days(now=NOW)
        assert (self.row().visitors, self.row(days=1).visitors) == (2, 3)

    def test_counts_today_anew_each_time(self, acme):
        link_rates.count_days(now=NOW)
        self.seen(acme, 1)
        link_rates.count_days(now=NOW)
        assert self.row().visitors == 1

    @pytest.mark.parametrize(
        ("success_at", "is_settled"), [(NOW, True), (NOW - timedelta(hours=12), False), (None, False)]
    )
    def test_settles_a_day_that_a_complete_pass_has_read(self, acme, success_at, is_settled):
        Integration.objects.update(last_success_at=success_at)
        link_rates.count_days(now=NOW)
        assert self.row(days=1).is_settled is is_settled

    def test_leaves_a_settled_day_as_it_was_when_its_visitors_come_back(self, acme):
        Integration.objects.update(last_success_at=NOW)
        self.seen(acme, 2, days=1, state="linked")
        for _ in range(12):
            link_rates.count_days(now=NOW)
        acme.visitors.update(last_seen_at=NOW)
        link_rates.count_days(now=NOW)
        assert (self.row(days=1).linked, self.row().linked) == (2, 2)

    def test_counts_at_most_the_newest_of_a_day(self, acme, monkeypatch):
        monkeypatch.setattr(link_rates, "COUNTED_MOST", 2)
        self.seen(acme, 3)
        link_rates.count_days(now=NOW)
        assert (self.row().visitors, self.row().is_capped) == (2, True)

    def test_drops_what_is_too_old(self, acme):
        LinkRateDay.objects.create(integration=acme, day=TODAY - timedelta(days=91), counted_at=NOW)
        link_rates.count_days(now=NOW)
        assert not LinkRateDay.objects.filter(day=TODAY - timedelta(days=91)).exists()

    def test_costs_the_same_however_many_visitors_there_are(self, acme, django_assert_max_num_queries):
        self.seen(acme, 20)
        with django_assert_max_num_queries(40):
            link_rates.count_days(now=NOW)


class TestAddUp:
    def test_sums_integrations_by_day(self):
        def make(day, visitors, linked):
            return RateOfDay(
                day=day, visitors=visitors, linked=linked, pending=0, anonymous=0, junk=0, parted=0, gone=0
            )

        yesterday = TODAY - timedelta(days=1)
        sums = link_rates.add_up([make(TODAY, 4, 2), make(yesterday, 1, 1), make(TODAY, 6, 3)])
        assert [(one.day, one.visitors, one.linked) for one in sums] == [(yesterday, 1, 1), (TODAY, 10, 5)]
