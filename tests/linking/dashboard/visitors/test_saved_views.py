import pytest

from linking.models import AuditEvent, SavedView
from tests.factories import make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def keep(browser, name="Anonymous", query="?state=anonymous", share="", **options):
    return browser.post("/views/save/", {"name": name, "query": query, "share": share}, **options)


def shown(browser):
    return [view.text for view in read(browser.get("/")).all("ul", aria_label="My views")]


class TestKeeping:
    def test_shows_the_view_with_how_many_it_finds(self, lead, acme):
        make_visitor(integration=acme)
        keep(lead)
        assert shown(lead) == ["Anonymous 1"]

    def test_leads_back_to_the_same_list(self, lead, acme):
        assert keep(lead)["Location"] == "/?state=anonymous"

    def test_drops_what_is_no_filter(self, lead, acme):
        keep(lead, query="?state=anonymous&cursor=abc&evil=//x")
        assert SavedView.objects.get().query == "?state=anonymous"

    def test_is_private(self, lead, agent, acme):
        keep(lead)
        assert shown(agent) == []

    @pytest.mark.parametrize(
        ("name", "query"),
        [("", "?state=gone"), (" \u200b", "?state=gone"), ("x", ""), ("x", "?seen=none"), ("x", "?q=" + "a" * 2000)],
    )
    def test_nonsense_is_told(self, lead, acme, name, query):
        page = read(keep(lead, name=name, query=query, follow=True))
        assert page.one(id="toasts").text.startswith("Not saved")
        assert not SavedView.objects.exists()

    def test_a_name_is_there_once(self, lead, acme):
        keep(lead)
        assert "a view with this name" in read(keep(lead, follow=True)).one(id="toasts").text

    def test_ends_at_twenty(self, lead, acme):
        for number in range(21):
            keep(lead, name=f"n{number}")
        assert SavedView.objects.count() == 20

    def test_one_whose_integration_is_gone_is_shown_without_a_number(self, lead, acme):
        keep(lead, query="?integration=other")
        assert shown(lead) == ["Anonymous"]

    def test_a_hostile_name_is_text(self, lead, acme):
        keep(lead, name="<b>x</b>")
        assert "<b>x</b>" in shown(lead)[0]


def shared(browser):
    return [view.text for view in read(browser.get("/")).all("ul", aria_label="Shared views")]


def change(browser, action, view=None, **form):
    view = view or SavedView.objects.get()
    return browser.post(f"/views/{view.pk}/{action}/", form)


class TestRemoving:
    def test_forgets_it(self, lead, acme):
        keep(lead)
        change(lead, "remove")
        assert not SavedView.objects.exists()

    def test_leaves_another_s_alone(self, lead, agent, acme):
        keep(lead)
        assert change(agent, "remove").status_code == 404
        assert SavedView.objects.exists()

    def test_of_a_private_one_is_nobody_s_business(self, lead, sign_in, acme):
        keep(lead)
        change(sign_in("admin"), "remove")
        assert SavedView.objects.exists()
        change(lead, "remove")
        assert not AuditEvent.objects.exists()


class TestSharing:
    def test_gives_everybody_a_tab_that_says_by_whom(self, lead, agent, acme):
        make_visitor(integration=acme)
        keep(lead, share="yes")
        assert (shared(lead), shown(lead), shared(agent)) == (["Anonymous 1"], [], ["Anonymous 1"])
        tab = read(agent.get("/")).one("ul", aria_label="Shared views").one("a")
        assert tab.attributes["title"] == "Shared by lead"

    def test_can_be_taken_back(self, lead, agent, acme):
        keep(lead, share="yes")
        change(lead, "share", share="no")
        assert (shared(agent), shown(lead)) == ([], ["Anonymous 0"])

    def test_is_for_leads(self, agent, acme):
        keep(agent, share="yes")
        assert change(agent, "share", share="yes").status_code == 403
        assert not SavedView.objects.get().is_shared

    def test_lets_author_and_administrator_change_it_and_nobody_else(self, lead, agent, sign_in, acme):
        keep(lead, share="yes")
        assert change(agent, "rename", name="Mine").status_code == 404
        change(lead, "rename", name="Without sign-in")
        change(sign_in("admin"), "rename", name="Not signed in")
        assert shared(agent) == ["Not signed in 0"]

    def test_keeps_who_did_what_in_the_audit(self, lead, acme):
        keep(lead, share="yes")
        change(lead, "rename", name="Other")
        change(lead, "remove")
        assert [(event.actor, event.action, event.fields) for event in AuditEvent.objects.order_by("pk")] == [
            ("lead", "share_view", ["state"]), ("lead", "rename_view", ["state"]), ("lead", "remove_view", ["state"]),
        ]  # fmt: skip

    @pytest.mark.parametrize("q", ["nadia@player.example", "%2B49 30 1234567", "nadia%40"])
    def test_is_refused_where_agents_would_read_an_address(self, lead, acme, q):
        page = read(keep(lead, query=f"?q={q}", share="yes", follow=True))
        assert page.one(id="toasts").text.startswith("Not shared: agents would see")
        assert not SavedView.objects.get().is_shared

    def test_masks_an_address_in_its_name_for_agents(self, lead, agent, acme):
        keep(lead, name="nadia@player.example", share="yes")
        assert b"nadia@player.example" not in agent.get("/").content + agent.get("/views/").content

    def test_ends_at_ten(self, lead, acme):
        for number in range(11):
            keep(lead, name=f"n{number}", share="yes")
        assert SavedView.objects.filter(is_shared=True).count() == 10


class TestOrder:
    def test_is_that_of_saving_until_a_view_is_moved(self, lead, acme):
        for name in ("C", "B", "A"):
            keep(lead, name=name)
        change(lead, "move", SavedView.objects.get(name="A"), step="-1")
        change(lead, "move", SavedView.objects.get(name="C"), step="-1")
        assert shown(lead) == ["C 0 A 0 B 0"]


class TestRenaming:
    def test_does_not_take_a_name_twice(self, lead, acme):
        keep(lead, name="A")
        keep(lead, name="B")
        change(lead, "rename", SavedView.objects.get(name="B"), name="A")
        assert shown(lead) == ["A 0 B 0"]

    def test_needs_a_name(self, lead, acme):
        keep(lead)
        change(lead, "rename", name=" \u200b")
        assert shown(lead) == ["Anonymous 0"]


class TestPageOfViews:
    def test_lists_what_may_be_changed(self, lead, agent, acme):
        keep(lead, share="yes")
        keep(lead, name="Gone", query="?state=gone")
        page = read(lead.get("/views/"))
        assert [len(page.one("section", aria_label=title).all("li")) for title in ("Shared views", "My views")] == [
            1,
            1,
        ]
        assert read(agent.get("/views/")).one("section", aria_label="Shared views").one("li").all("form") == []
