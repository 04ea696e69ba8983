import pytest

from linking.models import SavedView
from tests.factories import make_integration, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def keep(browser, name="Anonymous", query="?state=anonymous", **options):
    return browser.post("/views/save/", {"name": name, "query": query}, **options)


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


class TestRemoving:
    def test_forgets_it(self, lead, acme):
        keep(lead)
        lead.post(f"/views/{SavedView.objects.get().pk}/remove/")
        assert not SavedView.objects.exists()

    def test_leaves_another_s_alone(self, lead, agent, acme):
        keep(lead)
        agent.post(f"/views/{SavedView.objects.get().pk}/remove/")
        assert SavedView.objects.exists()
