"""The link rate by day: what the fold above the list loads, and its page without scripts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from linking.dashboard.visitors.link_rate_plot import load_link_rate_plots
from linking.models import Integration, LinkRateDay
from tests.factories import make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def second():
    return make_integration(slug="second", name="Second", login_project_id="p-second")


def count(integration, *, days=0, now=NOW, visitors=10, linked=7, **changes):
    LinkRateDay.objects.create(
        integration=integration, day=(now - timedelta(days=days)).date(), visitors=visitors, linked=linked,
        counted_at=now, **changes,
    )  # fmt: skip


def load(*, slug="", apart=()):
    return load_link_rate_plots(integrations=list(Integration.objects.all()), slug=slug, apart=apart, now=NOW)


class TestLoadLinkRatePlots:
    def test_is_nothing_before_the_first_day(self, acme):
        assert load() is None

    def test_is_nothing_where_nobody_was_looked_up(self, acme):
        count(acme, visitors=3, linked=0, pending=3)
        assert load() is None

    def test_says_of_a_day_how_many_of_whom(self, acme):
        count(acme, visitors=641 + 9, linked=492, pending=9)
        assert load().rate.spots[-1].title == "22 Nov: 77 % linked, 492 of 641 looked up"

    def test_leaves_a_gap_where_no_day_was_counted(self, acme):
        for days in (0, 1, 3):
            count(acme, days=days)
        assert load().rate.line.count("M") == 2

    def test_leaves_a_gap_and_no_zero_on_a_day_without_visitors(self, acme):
        for days, visitors, linked in ((0, 10, 7), (1, 0, 0), (2, 10, 7)):
            count(acme, days=days, visitors=visitors, linked=linked)
        assert load().rate.line.count("M") == 2

    def test_adds_up_the_integrations(self, acme, second):
        count(acme, visitors=10, linked=10)
        count(second, visitors=30, linked=10)
        assert load().rate.spots[0].title == "22 Nov: 50 % linked, 20 of 40 looked up"

    def test_is_of_one_integration_alone(self, acme, second):
        count(acme, visitors=10, linked=10)
        count(second, visitors=30, linked=10)
        assert load(slug="second").rate.spots[0].title == "22 Nov: 33 % linked, 10 of 30 looked up"

    def test_gives_each_integration_a_line(self, acme, second):
        count(acme, linked=7)
        count(second, days=2, linked=1)
        lines = load(apart=[acme.pk, second.pk]).of_each
        assert [(line.name, line.words) for line in lines] == [
            ("Acme Games", "70 % on 22 Nov"),
            ("Second", "10 % on 20 Nov"),
        ]

    def test_tells_why_the_rest_were_not_linked(self, acme):
        count(acme, visitors=10, linked=4, anonymous=3, junk=2, gone=1)
        assert load().reasons.columns[-1].title.splitlines() == [
            "22 Nov: 6 not linked", "Anonymous: not signed in while chatting: 3", "Invalid user ID from the website: 2",
            "Deleted in Zendesk: 1",
        ]  # fmt: skip

    def test_draws_no_reasons_where_all_are_linked(self, acme):
        count(acme, visitors=10, linked=10)
        assert load().reasons is None

    def test_tells_the_same_as_a_table(self, acme):
        count(acme, visitors=10, linked=4, anonymous=3, junk=2, gone=1)
        assert load().rate.table.rows == (("22 Nov", "4", "10", "40 %", "3", "2", "0", "1"),)

    def test_costs_one_query(self, acme, second, django_assert_num_queries):
        for integration in (acme, second):
            for days in range(30):
                count(integration, days=days)
        integrations = list(Integration.objects.all())
        with django_assert_num_queries(1):
            load_link_rate_plots(integrations=integrations, slug="", apart=[acme.pk, second.pk], now=NOW)


class TestPage:
    def test_shows_the_plots(self, agent, acme):
        count(acme, now=timezone.now())
        page = read(agent.get("/link-rate/"))
        assert page.one("h1").text == "Link rate by day"
        assert page.one("figcaption").text.startswith("Linked visitors by the day they were last seen")

    def test_is_only_the_plots_for_the_fold(self, agent, acme):
        count(acme, now=timezone.now())
        part = read(agent.get("/link-rate/", headers={"HX-Request": "true"}))
        assert (part.all("h1"), len(part.all("figure"))) == ([], 1)

    def test_says_that_nothing_was_counted_yet(self, agent, acme):
        assert "No day has been counted yet." in read(agent.get("/link-rate/")).one("main").text

    def test_of_an_unknown_integration_is_not_found(self, agent, acme):
        assert agent.get("/link-rate/?integration=none").status_code == 404

    def test_is_linked_from_the_fold_above_the_list(self, agent, acme):
        make_visitor(integration=acme, first_seen_at=timezone.now(), last_seen_at=timezone.now())
        fold = read(agent.get("/?integration=acme")).one(class_="rate").one("details")
        assert fold.one("a").attributes["href"] == "/link-rate/?integration=acme"
