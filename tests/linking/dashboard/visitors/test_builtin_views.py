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
    return {view.text.rpartition(" ")[0]: view for view in read(answer).one("ul", aria_label="Views").all("a")}


class TestReadyViews:
    def test_are_there_with_their_counts(self, lead, world):
        found = [view.text for view in views_of(lead.get("/")).values()]
        assert found == ["Linked today 1", "Open conflict 1", "Anonymous 1", "No e-mail 2"]

    @pytest.mark.parametrize(
        ("name", "rows"),
        [("Linked today", {"new"}), ("Open conflict", {"nobody"}), ("Anonymous", {"nobody"}),
         ("No e-mail", {"old", "nobody"})],
    )  # fmt: skip
    def test_lead_to_what_they_counted(self, lead, world, name, rows):
        page = read(lead.get(views_of(lead.get("/"))[name].attributes["href"]))
        assert {row.one(class_="who").all("bdi")[0].text for row in page.one("tbody").all("tr")} == rows
        assert [view.text.rpartition(" ")[0] for view in page.all("a", aria_current="true")][-1] == name

    def test_leave_out_a_link_that_ended(self, lead, world):
        VisitorLink.objects.filter(pk=world["new"].pk).update(ended_at=timezone.now(), end_reason="cleared")
        assert "Linked today 0" in views_of(lead.get("/"))["Linked today"].text

    def test_are_not_shown_before_there_is_anything(self, lead):
        make_integration()
        assert read(lead.get("/")).all("ul", aria_label="Views") == []

    def test_can_be_taken_back_by_their_chip(self, lead, world):
        chip = read(lead.get("/?only=to_check&q=nob")).all("a", class_="chip")[1]
        assert (chip.one("bdi").text, chip.attributes["href"]) == ("With an open conflict", "?q=nob")

    def test_are_left_by_the_tab_of_users(self, lead, world):
        tabs = read(lead.get("/?only=no_email")).one("nav", aria_label="State").all("a")
        assert [tabs[1].attributes["href"], tabs[-1].attributes["href"]] == [
            "?state=linked&only=no_email",
            "?state=signed_in",
        ]
