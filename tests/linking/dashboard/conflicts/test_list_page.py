import pytest

from linking.models import Conflict, ConflictKind
from tests.factories import NOW, make_integration, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_conflict():
    integration = make_integration()
    visitor = make_visitor(integration=integration, name="Nadia")
    user = make_login_user(integration=integration, name="One")
    other = make_login_user(integration=integration, user_id="other", name="Other")

    def made(**changes):
        values = {
            "integration": integration, "kind": "relinked", "visitor": visitor, "login_user": user, "other_user": other,
            "subject": f"{Conflict.objects.count()}|", "first_seen_at": NOW, "last_seen_at": NOW,
        }  # fmt: skip
        return Conflict.objects.create(**(values | changes))

    return made


class TestConflicts:
    def test_none_is_said(self, lead):
        assert read(lead.get("/conflicts/")).one(class_="empty").one("h2").text == "No open conflicts"

    def test_one_shows_both_sides_and_how_sure_each_is(self, lead, make_conflict):
        make_conflict()
        sides = [side.text for side in read(lead.get("/conflicts/")).one("article").all("section")]
        assert "Nadia" in sides[0]
        assert "One" in sides[1]
        assert "zdbridge has not issued a token to this player." in sides[2]

    @pytest.mark.parametrize("kind", list(ConflictKind))
    def test_each_kind_is_explained(self, lead, make_conflict, kind):
        make_conflict(kind=kind)
        assert read(lead.get("/conflicts/")).one("article").one(class_="inside").all("p")[0].text.endswith(".")

    def test_a_junk_id_is_shown_as_it_came(self, lead, make_conflict):
        make_conflict(kind="junk_external_id", login_user=None, other_user=None, subject="junk_external_id|<b>null</b>")
        assert "Received: <b>null</b>" in read(lead.get("/conflicts/")).one("article").text

    def test_decided_ones_are_apart(self, lead, make_conflict):
        make_conflict(state="decided", decided_at=NOW, decision="keep")
        assert read(lead.get("/conflicts/")).all("article") == []
        assert "decided 2" in read(lead.get("/conflicts/?state=decided")).one("article").text

    def test_many_are_paged(self, lead, make_conflict):
        for _number in range(26):
            make_conflict()
        page = read(lead.get("/conflicts/"))
        assert page.one(class_="pages").one("p").text == "Showing 25 of 26"
        address = page.one(class_="pages").one("a").attributes["href"]
        assert len(read(lead.get(f"/conflicts/{address}")).all("article")) == 1

    def test_filters_are_in_the_address(self, lead, make_conflict):
        make_conflict()
        make_conflict(kind="shared_device")
        page = read(lead.get("/conflicts/?kind=shared_device"))
        assert len(page.all("article")) == 1
        assert page.one("option", value="shared_device").attributes.get("selected") == ""

    def test_filters_outlive_the_next_page(self, lead, make_conflict):
        for _number in range(26):
            make_conflict()
        address = read(lead.get("/conflicts/?kind=relinked")).one(class_="pages").one("a").attributes["href"]
        assert "kind=relinked" in address

    @pytest.mark.parametrize("query", ["kind=none", "integration=none"])
    def test_an_unknown_filter_is_told(self, lead, make_conflict, query):
        assert lead.get(f"/conflicts/?{query}").status_code == 400

    def test_an_unknown_state_is_told(self, lead):
        assert lead.get("/conflicts/?state=none").status_code == 400

    def test_budget(self, lead, make_conflict, django_assert_max_num_queries):
        for _number in range(20):
            make_conflict()
        with django_assert_max_num_queries(10):  # the frame's seven, integrations, conflicts, their count
            lead.get("/conflicts/")


class TestAddress:
    def test_drops_what_was_left_open(self, lead):
        make_integration()
        assert lead.get("/conflicts/?state=open&kind=&integration=")["Location"] == "/conflicts/?state=open"
