"""The strip of last passes, the budget and the waiting visitors on the sync page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import SyncRun, WaitingHour
from linking.sync.store import request_slots
from tests.factories import make_integration, make_run, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration(last_success_at=timezone.now())


def make_pass(acme, *, minutes_ago, seconds=3, **changes):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    make_run(integration=acme, started_at=at, touched_at=at, finished_at=at + timedelta(seconds=seconds), **changes)


def card(browser):
    return read(browser.get("/sync/")).one(class_="sync-card")


def strip(browser):
    return card(browser).one("svg", class_="plot-strip")


class TestStrip:
    def test_has_a_bar_for_each_of_the_last_sixty(self, lead, acme):
        for number in range(65):
            make_pass(acme, minutes_ago=number)
        assert len(strip(lead).all("a")) == 60

    def test_leads_from_each_bar_to_its_row(self, lead, acme):
        for number in range(30):
            make_pass(acme, minutes_ago=30 - number)
        address, _mark, anchor = strip(lead).all("a")[0].attributes["href"].partition("#")
        page = read(lead.get(address))
        assert page.one("tr", id=anchor).one("th").text == str(SyncRun.objects.earliest("pk").pk)

    def test_has_the_same_links_in_its_table(self, lead, acme):
        make_pass(acme, minutes_ago=5)
        (bar,) = strip(lead).all("a")
        (row,) = card(lead).one(class_="plot-numbers").one("tbody").all("tr")
        assert row.one("th").one("a").attributes["href"] == bar.attributes["href"]

    def test_is_no_stop_of_the_tab_key(self, lead, acme):
        make_pass(acme, minutes_ago=5)
        assert strip(lead).attributes["aria-hidden"] == "true"
        assert [link.attributes["tabindex"] for link in strip(lead).all("a")] == ["-1"]

    def test_says_of_each_when_how_and_how_long(self, lead, acme):
        make_pass(acme, minutes_ago=5, linked=2, relinked=1)
        assert strip(lead).one("title").text.endswith(": Complete; took 3.0 s, linked: 3")

    @pytest.mark.parametrize(
        ("changes", "colour"),
        [
            ({}, "plot-good"),
            ({"state": "stopped", "stop_reason": "vendor_fault"}, "plot-bad"),
            ({"state": "stopped", "stop_reason": "budget"}, "plot-warn"),
            ({"state": "stopped", "stop_reason": "by_hand"}, "plot-quiet"),
        ],
    )
    def test_colours_each_by_its_outcome(self, lead, acme, changes, colour):
        make_pass(acme, minutes_ago=5, **changes)
        assert strip(lead).one("rect", class_=colour)

    def test_is_summed_up_for_readers(self, lead, acme):
        make_pass(acme, minutes_ago=5, seconds=7)
        make_pass(acme, minutes_ago=4, state="stopped", stop_reason="vendor_fault")
        sentence = "The last 2 syncs: 1 complete, 1 stopped early; the longest took 7.0 s."
        (summary,) = card(lead).one(class_="sync-strip").all("p")
        assert summary.text == sentence

    def test_stands_as_a_table_in_the_details(self, lead, acme):
        make_pass(acme, minutes_ago=5, state="stopped", stop_reason="vendor_fault", linked=2)
        row = card(lead).one("details", class_="plot-numbers").one("tbody").one("tr")
        assert [cell.text for cell in row.all("td")] == [
            "Zendesk did not answer properly; the next sync tries again", "3.0 s", "2",
        ]  # fmt: skip

    def test_is_not_drawn_before_the_first(self, lead, acme):
        assert card(lead).all("svg", class_="plot-strip") == []


class TestRow:
    def test_is_short_where_all_is_well(self, lead, acme):
        assert "open" not in card(lead).one("details", id="details-acme").attributes

    def test_is_open_where_something_is_wrong(self, lead):
        make_integration(blocked_reason="credentials")
        assert "open" in card(lead).one("details", id="details-acme").attributes

    def test_is_not_green_while_many_wait(self, lead, acme):
        acme.requests_per_minute = 1
        acme.save()
        for number in range(6):
            make_visitor(integration=acme, visitor_id=f"7.v{number}", lookup_due_at=timezone.now())
        assert "tone-warn" in card(lead).one(class_="fresh").attributes["class"]

    def test_stays_green_while_a_few_wait(self, lead, acme):
        make_visitor(integration=acme, lookup_due_at=timezone.now())
        assert "tone-good" in card(lead).one(class_="fresh").attributes["class"]
        assert "1 waits for lookup" in card(lead).one(class_="sync-now").text


class TestBudget:
    def test_says_how_many_calls_left_this_minute(self, lead, acme):
        limit = acme.requests_per_minute
        request_slots.take_slot(account="acme.zendesk.com", per_minute=limit, now_epoch_s=timezone.now().timestamp())
        text = card(lead).one(class_="plot-meter").text
        # The minute may end between the call and the page.
        assert f"of {limit} calls this minute" in text and "1" in text.replace(str(limit), "")


class TestWaiting:
    def test_is_a_plot_of_the_last_day(self, lead, acme):
        hour_at = timezone.now().replace(minute=0, second=0, microsecond=0)
        for hours, number in ((3, 1386), (0, 12)):
            WaitingHour.objects.create(integration=acme, hour_at=hour_at - timedelta(hours=hours), waiting=number)
        assert card(lead).one("figcaption").text == (
            "Visitors waiting for lookup in the last 24 hours: 1,386 at most, 12 at the last look."
        )

    def test_is_not_drawn_where_nobody_waited(self, lead, acme):
        WaitingHour.objects.create(integration=acme, hour_at=timezone.now(), waiting=0)
        assert card(lead).all("figure") == []
