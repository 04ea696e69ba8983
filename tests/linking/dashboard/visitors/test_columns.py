"""Columns of the visitors list that somebody does without."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linking.models import Integration, Visitor
from tests.factories import NOW, make_chat, make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
ALL = ["Visitor", "State", "User ID", "Visitor ID", "Chats", "Last seen"]
OFFERED = ["state", "login", "visitor", "chats"]


@pytest.fixture(autouse=True)
def somebody(db):
    make_visitor(integration=make_integration(), name="Nadia")


def headings(browser, path="/"):
    # The first one holds the box that selects every row.
    return [heading.text for heading in read(browser.get(path)).one("table").all("th")][1:]


def choose(browser, *columns, offered=OFFERED, back="/"):
    return browser.post("/columns/", {"column": columns, "offered": offered, "next": back})


class TestColumns:
    def test_are_all_there_at_first(self, lead):
        assert headings(lead) == ALL

    def test_are_kept_as_chosen_with_as_many_cells(self, lead):
        choose(lead, "visitor")
        page = read(lead.get("/?state=anonymous"))
        assert headings(lead) == ["Visitor", "Visitor ID", "Last seen"]
        assert len(page.one("tbody").all("td")) == 4  # and the box that selects the row

    def test_are_the_same_in_the_live_refresh(self, lead):
        choose(lead)
        part = read(lead.get("/", headers={"HX-Request": "true"}))
        assert [heading.text for heading in part.all("th")][1:] == ["Visitor", "Last seen"]

    def test_come_back(self, lead):
        choose(lead)
        choose(lead, *OFFERED)
        assert headings(lead) == ALL

    def test_that_were_not_offered_stay_as_they_were(self, lead):
        choose(lead, *OFFERED, offered=[*OFFERED, "integration"])
        choose(lead, *OFFERED)
        make_integration(slug="beta", name="Beta", login_project_id="other")
        assert headings(lead) == ALL

    def test_are_offered_as_they_are(self, lead):
        choose(lead, "state", "login")
        boxes = read(lead.get("/")).one(id="column-choice").all("input", type="checkbox")
        assert [(box.attributes["value"], "checked" in box.attributes) for box in boxes] == [
            ("state", True), ("login", True), ("visitor", False), ("chats", False), ("last-chat", False),
        ]  # fmt: skip

    def test_of_chats_say_how_many_and_when_the_last_was(self, lead):
        choose(lead, "chats", "last-chat", offered=["chats", "last-chat"])
        nadia = Visitor.objects.get()
        for hours in (1, 5):
            make_chat(visitor=nadia, chat_id=f"c{hours}", started_at=NOW - timedelta(hours=hours))
        make_visitor(
            integration=nadia.integration,
            visitor_id="7.silent",
            first_seen_at=NOW - timedelta(days=1),
            last_seen_at=NOW - timedelta(days=1),
        )
        first, second = read(lead.get("/")).one("tbody").all("tr")
        assert first.one(class_="chats").text == "2"
        (last_chat_at,) = first.one(class_="last-chat").children
        assert last_chat_at.attributes["datetime"] == "2026-11-22T11:00:00Z"
        assert (second.one(class_="chats").text, second.one(class_="last-chat").text) == ("", "")

    def test_of_chats_cost_nothing_where_they_are_hidden(self, lead, django_assert_num_queries):
        lead.get("/")
        with CaptureQueriesContext(connection) as shown:
            lead.get("/")
        number = len(shown)
        choose(lead, "state", "login", "visitor")
        with django_assert_num_queries(number - 1):
            lead.get("/")

    def test_of_chats_are_not_there_where_none_are_read(self, lead):
        Integration.objects.update(zendesk_product="messaging")
        assert "Chats" not in headings(lead)

    def test_lead_back_to_the_same_list_and_nowhere_else(self, lead):
        assert choose(lead, back="/?q=n&seen=7")["Location"] == "/?q=n&seen=7"
        assert choose(lead, back="//evil.example")["Location"] == "/"

    @pytest.mark.parametrize("cookie", ["", "name", '"><script>', "state.state..evil"])
    def test_nonsense_hides_nothing_that_must_be_there(self, lead, cookie):
        lead.cookies["zdbridge_hidden_columns"] = cookie
        assert {"Visitor", "Last seen"} <= set(headings(lead))

    def test_of_the_list_of_users_are_fixed(self, lead):
        assert read(lead.get("/?state=signed_in")).all(id="column-choice") == []
