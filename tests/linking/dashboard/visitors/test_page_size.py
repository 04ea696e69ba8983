"""How many rows a page of the list has."""

from datetime import timedelta

import pytest

from linking.models import Preference
from tests.factories import NOW, make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _many(db):
    acme = make_integration()
    for number in range(60):
        make_visitor(integration=acme, visitor_id=f"7.v{number}", last_seen_at=NOW + timedelta(minutes=number))


def choose(browser, rows, back="/"):
    return browser.post("/rows/", {"rows": rows, "next": back})


def count_rows(browser, path="/"):
    return len(read(browser.get(path)).one("tbody").all("tr"))


class TestPageSize:
    def test_is_fifty_at_first(self, lead):
        assert count_rows(lead) == 50

    @pytest.mark.parametrize(("size", "rows"), [(25, 25), (50, 50), (100, 60)])
    def test_is_kept_for_the_person(self, lead, agent, size, rows):
        assert choose(lead, size)["Location"] == "/"
        assert (count_rows(lead), count_rows(agent)) == (rows, 50)

    def test_is_shown_as_chosen(self, lead):
        choose(lead, 25)
        buttons = read(lead.get("/")).one("form", class_="page-size").all("button")
        assert [(button.text, "aria-pressed" in button.attributes) for button in buttons] == [
            ("25", True), ("50", False), ("100", False),
        ]  # fmt: skip

    def test_leads_to_the_first_page_of_the_same_list(self, lead):
        second = read(lead.get("/?state=anonymous")).one(id="next-page").attributes["href"]
        way_back = read(lead.get(second)).one("form", class_="page-size").one("input", name="next").attributes["value"]
        assert way_back == "/?state=anonymous"
        assert choose(lead, 25, back=way_back)["Location"] == way_back

    def test_counts_places_across_pages(self, lead):
        choose(lead, 25)
        second = read(lead.get("/")).one(id="next-page").attributes["href"]
        page = read(lead.get(second))
        assert page.one(class_="showing").text == "Showing 26–50 of 60 visitors"
        first = read(lead.get(page.one(id="previous-page").attributes["href"]))
        assert first.one(class_="showing").text == "Showing 1–25 of 60 visitors"

    @pytest.mark.parametrize("rows", ["", "0", "1000", "٢٥", "<b>"])
    def test_takes_nothing_else(self, lead, rows):
        choose(lead, rows)
        assert not Preference.objects.exists()

    def test_leads_nowhere_else(self, lead):
        assert choose(lead, 25, back="//evil.example")["Location"] == "/"

    def test_of_an_unknown_number_in_the_store_is_fifty(self, lead):
        choose(lead, 25)
        Preference.objects.update(list_rows=7)
        assert count_rows(lead) == 50

    def test_of_a_hundred_still_asks_what_is_newer(self, lead):
        choose(lead, 100)
        news_url = read(lead.get("/")).one(id="list").attributes["data-news"]
        assert lead.get(news_url).status_code == 204
