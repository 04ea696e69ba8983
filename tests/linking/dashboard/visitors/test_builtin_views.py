"""The views that everybody has from the start."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import Conflict, VisitorLink
from tests.factories import make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    """Linked today with an address, linked two days ago without one, anonymous with an open conflict, not read yet."""
    integration, now = make_integration(), timezone.now()
    times = {"first_seen_at": now, "last_seen_at": now}
    links = {}
    for name, made_at, email in (("old", now - timedelta(days=2), ""), ("new", now, "new@player.example")):
        visitor = make_visitor(integration=integration, visitor_id=f"7.{name}", name=name, email=email, **times)
        user = make_login_user(integration=integration, user_id=name)
        links[name] = make_link(visitor=visitor, login_user=user, first_seen_at=made_at, last_confirmed_at=now)
    anonymous = make_visitor(integration=integration, visitor_id="7.nobody", name="nobody", **times)
    make_visitor(integration=integration, visitor_id="7.unread", name="unread", state="pending", **times)
    for kind in ("relinked", "shared_device"):
        Conflict.objects.create(integration=integration, kind=kind, visitor=anonymous, subject=kind, **times)
    return links


def views_of(answer):
    views = read(answer).one("ul", aria_label="Views for everyone").all("a")
    return {view.text.rstrip("0123456789 "): view for view in views}


class TestReadyViews:
    def test_are_there_with_their_counts(self, lead, world):
        found = [view.text for view in views_of(lead.get("/")).values()]
        assert found == ["All", "Linked today 1", "Open conflict 1", "Anonymous 1", "No e-mail 2"]

    @pytest.mark.parametrize(
        ("name", "rows", "chosen"),
        [("Linked today", {"new"}, []), ("Open conflict", {"nobody"}, []),
         ("Anonymous", {"nobody"}, ["Anonymous", "last 30 days"]),
         ("No e-mail", {"old", "nobody"}, ["last 30 days"])],
    )  # fmt: skip
    def test_lead_to_what_they_counted(self, lead, world, name, rows, chosen):
        page = read(lead.get(views_of(lead.get("/"))[name].attributes["href"]))
        assert {row.one(class_="who").all("bdi")[0].text for row in page.one("tbody").all("tr")} == rows
        assert [view.text.rstrip("0123456789 ") for view in page.all("a", aria_current="true")] == [name, *chosen]

    def test_leave_out_a_link_that_ended(self, lead, world):
        VisitorLink.objects.filter(pk=world["new"].pk).update(ended_at=timezone.now(), end_reason="cleared")
        assert "Linked today 0" in views_of(lead.get("/"))["Linked today"].text

    def test_are_not_shown_before_there_is_anything(self, lead):
        make_integration()
        assert read(lead.get("/")).all("nav", aria_label="Views") == []

    def test_can_be_taken_back_by_their_chip(self, lead, world):
        chip = read(lead.get("/?only=to_check&q=nob")).one(id="filter-only")
        assert (chip.one("bdi").text, chip.one("a").attributes["href"]) == ("with an open conflict", "?q=nob")

    def test_keep_their_tab_in_another_order(self, lead, world):
        page = read(lead.get("/?only=to_check&ordering=name"))
        assert page.one("nav", aria_label="Views").one("a", aria_current="true").text == "Open conflict 1"
