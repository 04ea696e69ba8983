"""Everything that a list shows, read again from Zendesk."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.dashboard.visitors import recheck as rechecking
from linking.models import AuditEvent, Integration, Visitor
from linking.sync.plans.facts import LookupPriority
from tests.factories import NOW, make_integration, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db):
    """Three visitors, `v0` seen last."""
    integration = make_integration()
    for place in range(3):
        at = NOW - timedelta(minutes=place)
        make_visitor(integration=integration, visitor_id=f"7.v{place}", first_seen_at=at, last_seen_at=at)


def waiting():
    return set(Visitor.objects.waiting().values_list("visitor_id", flat=True))


def recheck(browser, query="", *, rows=(), **options):
    """Everything that the list finds, unless `rows` are ticked."""
    chosen = {"row": rows} if rows else {"all": "1"}
    return browser.post("/recheck/visitors/", {"query": query, **chosen}, **options)


def box_of(visitor_id):
    return f"v{Visitor.objects.get(visitor_id=visitor_id).pk}"


class TestRecheck:
    def test_queues_what_the_list_finds_after_what_is_new(self, lead, three):
        answer = recheck(lead, "?q=7.v1&state=anonymous")
        assert answer["Location"] == "/?q=7.v1&state=anonymous"
        assert (waiting(), Visitor.objects.waiting().get().lookup_rank) == ({"7.v1"}, LookupPriority.AGAIN)

    def test_takes_the_first_of_the_list_where_there_are_more(self, lead, three, monkeypatch):
        monkeypatch.setattr(rechecking, "RECHECK_MAX", 2)
        recheck(lead)
        assert waiting() == {"7.v0", "7.v1"}

    def test_leaves_whoever_waits_already_in_place(self, lead, three):
        Visitor.objects.filter(visitor_id="7.v0").update(lookup_due_at=NOW, lookup_rank=LookupPriority.IDENTIFIED)
        page = read(recheck(lead, "?q=7.v0", follow=True))
        assert page.one(id="toasts").text == "All of them are already queued for a refresh."
        assert Visitor.objects.get(visitor_id="7.v0").lookup_rank == LookupPriority.IDENTIFIED

    def test_hastens_whoever_is_due_later(self, lead, three):
        Visitor.objects.filter(visitor_id="7.v0").update(lookup_due_at=timezone.now() + timedelta(hours=1))
        recheck(lead, "?q=7.v0")
        assert Visitor.objects.due(now=timezone.now()).count() == 1

    def test_says_how_many_and_keeps_who_asked(self, lead, three):
        page = read(recheck(lead, "?state=anonymous", follow=True))
        assert page.one(id="toasts").text.startswith("3 visitors are queued for a refresh.")
        event = AuditEvent.objects.get(action="recheck")
        assert (event.actor, event.target, event.fields) == ("lead", "3 visitors", ["state"])

    @pytest.mark.parametrize("query", ["?state=signed_in", "?state=none", "?seen=x"])
    def test_of_no_list_of_visitors_is_refused(self, lead, three, query):
        assert recheck(lead, query).status_code == 400
        assert waiting() == set()

    def test_is_for_leads(self, agent, three):
        assert recheck(agent).status_code == 403
        assert read(agent.get("/")).all(id="selected") == []

    def test_is_not_begun_by_a_link(self, lead, three):
        assert lead.get("/recheck/visitors/").status_code in (404, 405)


class TestSelectedRows:
    def test_are_queued_and_no_others(self, lead, three):
        recheck(lead, "?state=anonymous", rows=[box_of("7.v1"), box_of("7.v2")])
        assert waiting() == {"7.v1", "7.v2"}
        event = AuditEvent.objects.get(action="recheck")
        assert (event.target, event.fields) == ("2 visitors", ["rows"])

    def test_lead_back_to_the_page_they_were_ticked_on(self, lead, three):
        query = "?state=anonymous&cursor=abc&first=51"
        assert recheck(lead, query, rows=[box_of("7.v1")])["Location"] == f"/{query}"

    @pytest.mark.parametrize("rows", [["u1"], ["x"], ["v"], ["v-1"], ["v9999999"], ["v1 OR 1=1"]])
    def test_that_are_none_change_nothing(self, lead, three, rows):
        recheck(lead, rows=rows)
        assert waiting() == set()

    def test_must_be_selected(self, lead, three):
        page = read(lead.post("/recheck/visitors/", {"query": ""}, follow=True))
        assert page.one(id="toasts").text == "No visitor is selected."
        assert waiting() == set()


class TestBar:
    def test_says_how_many_match(self, lead, three):
        bar = read(lead.get("/")).one(class_="selection")
        assert bar.one("label").text == "All 3 visitors that match"
        assert [button.text for button in bar.all("button")] == [
            "Refresh from Zendesk",
            "Export CSV",
            "Clear selection",
        ]

    def test_says_how_many_a_refresh_takes(self, lead, three, monkeypatch):
        monkeypatch.setattr("linking.dashboard.visitors.list_page.RECHECK_MAX", 2)
        assert read(lead.get("/")).one(class_="note").text == "A refresh takes the first 2."

    def test_carries_the_list_it_stands_above(self, lead, three):
        part = read(lead.get("/?state=anonymous", headers={"HX-Request": "true"}))
        assert part.one(id="selected").one("input", name="query").attributes["value"] == "?state=anonymous"

    def test_refreshes_no_players(self, lead, three):
        now = timezone.now()
        make_login_user(
            integration=Integration.objects.get(), first_authenticated_at=now, last_authenticated_at=now,
            tokens_issued=1,
        )  # fmt: skip
        bar = read(lead.get("/?state=signed_in")).one(class_="selection")
        assert [button.text for button in bar.all("button")] == ["Export CSV", "Clear selection"]
