from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from linking.dashboard.setup.answers_plot import WEEK, load_answers_plot
from linking.models import AnswerCount
from tests.factories import ORIGIN, make_integration
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 34, tzinfo=UTC)


@pytest.fixture
def acme():
    return make_integration()


def count(acme, *, hours_ago, number, code="00-01", reason="expired", now=NOW, is_observed=False):
    at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    AnswerCount.objects.create(
        integration=acme, hour_at=at, code=code, reason=reason, origin=ORIGIN, count=number, first_at=at,
        is_observed=is_observed,
    )  # fmt: skip


def load(acme, *, span=""):
    return load_answers_plot(integration=acme, span=span, now=NOW).plot


class TestLoadAnswersPlot:
    def test_has_none_where_nothing_was_answered(self, acme):
        assert load(acme) is None

    def test_shows_each_of_nine_bad_hours_among_many_tokens(self, acme):
        for hour in range(24):
            count(acme, hours_ago=hour, number=20_000, code="", reason="issued")
        for hour in range(3, 12):
            count(acme, hours_ago=hour, number=300)
        bad = [number for number, column in enumerate(load(acme).columns) if len(column.pieces) == 2]
        assert bad == list(range(12, 21))

    def test_sums_up_in_one_sentence(self, acme):
        count(acme, hours_ago=1, number=1200, code="", reason="issued")
        for hour in (1, 2):
            count(acme, hours_ago=hour, number=300)
        assert load(acme).summary == (
            "Issued above the line: 1,200. Refused below it, on a scale of its own: 600, in 2 hours."
        )

    def test_says_of_an_hour_what_was_refused_by_code(self, acme):
        count(acme, hours_ago=1, number=300)
        count(acme, hours_ago=1, number=2, code="00-04", reason="origin")
        assert load(acme).columns[-2].title.splitlines() == [
            "22 Nov, 11:00 to 12:00: 0 issued, 302 refused", "00-01 Token not valid: 300",
            "00-04 Page not listed, or player blocked: 2",
        ]  # fmt: skip

    def test_counts_what_was_only_observed_as_issued(self, acme):
        count(acme, hours_ago=0, number=4, is_observed=True)
        assert [(entry.word, entry.total) for entry in load(acme).legend] == [("Issued in observe mode only", "4")]

    def test_leaves_out_what_is_older_than_the_first_hour(self, acme):
        count(acme, hours_ago=24, number=4)
        assert load(acme) is None

    def test_tells_the_same_as_a_table_the_newest_first(self, acme):
        count(acme, hours_ago=0, number=1, code="", reason="issued")
        count(acme, hours_ago=5, number=1000)
        assert load(acme).table.rows == (("22 Nov, 12:00", "1", "0"), ("22 Nov, 07:00", "0", "1,000"))


class TestWeek:
    def test_is_seven_whole_days(self, acme):
        count(acme, hours_ago=0, number=1)
        plot = load(acme, span=WEEK)
        assert (len(plot.columns), plot.ticks[0], plot.ticks[-1]) == (168, "Mon 16", "Sun 22")

    @pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
    def test_begins_with_a_day_of_the_reader(self, acme, zone):
        with timezone.override(zone):
            count(acme, hours_ago=0, number=1)
            first = load(acme, span=WEEK)
        assert first.ticks[-1] == "Sun 22"

    def test_lasts_an_hour_less_where_clocks_go_forward(self, acme):
        at = datetime(2026, 3, 30, 12, tzinfo=UTC)
        count(acme, hours_ago=0, number=1, now=at)
        with timezone.override("Europe/Berlin"):
            plot = load_answers_plot(integration=acme, span=WEEK, now=at).plot
        assert len(plot.columns) == 167


class TestPage:
    def test_shows_the_day_and_offers_the_week(self, agent, acme):
        count(acme, hours_ago=0, number=3, now=timezone.now())
        page = read(agent.get("/setup/acme/"))
        assert page.one("nav", class_="plot-spans").one(aria_current="true").text == "24 hours"
        assert "3, in 1 hour." in page.one("figcaption").text

    def test_shows_the_week_with_its_pages(self, agent, acme):
        count(acme, hours_ago=100, number=3, now=timezone.now())
        page = read(agent.get("/setup/acme/?answers=7"))
        assert page.one("h2", id="answers").text == "Answers in the last 7 days"
        assert page.one(class_="answers").all("td")[2].text == "3"

    def test_draws_no_empty_axes(self, agent, acme):
        assert read(agent.get("/setup/acme/")).all("figure") == []
