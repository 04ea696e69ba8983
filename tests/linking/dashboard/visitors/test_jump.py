"""What the menu of Ctrl+K finds on the server: players, visitors and integrations."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking.models import LoginUser, Visitor
from tests.factories import make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
# Session, person, group, integrations; what the text may name; visitors twice, with links; players who wait; notes and
# labels for both.
QUERIES = 19


@pytest.fixture
def acme(db):
    return make_integration()


def make_players(integration, number):
    now = timezone.now()
    for place in range(number):
        times = {"first_seen_at": now - timedelta(days=9), "last_seen_at": now - timedelta(minutes=place)}
        visitor = make_visitor(integration=integration, visitor_id=f"77.v{place}", name=f"Nadia {place}", **times)
        user = make_login_user(integration=integration, user_id=f"user-{place}", name=f"StarFox {place}")
        make_link(visitor=visitor, login_user=user)


def find(client, q="", recent=""):
    """The names of the matches by the title of their group."""
    part = read(client.get("/jump/", {"q": q, "recent": recent}))
    groups = part.one(id="jump").all("div", role="group")
    return {
        group.attributes["aria-label"]: [match.all("bdi")[0].text for match in group.all("a", role="option")]
        for group in groups
    }


class TestMatches:
    def test_are_grouped_by_what_they_are(self, lead, acme):
        make_players(acme, 2)
        assert find(lead, "nadia") == {"Players": ["StarFox 0", "StarFox 1"], "Visitors": ["Nadia 0", "Nadia 1"]}

    def test_hold_integrations_by_name_and_slug(self, lead, acme):
        part = read(lead.get("/jump/", {"q": "game acme"}))
        match = part.one("div", aria_label="Integrations").one("a")
        assert (match.one("bdi", class_="soft").text, match.attributes["href"]) == ("acme", "/setup/acme/")

    def test_hold_players_who_have_no_chat_yet(self, lead, acme):
        now = timezone.now()
        proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 1}
        make_login_user(integration=acme, name="Hana", **proof)
        assert find(lead, "hana") == {"Players": ["Hana"]}

    def test_are_five_of_a_kind_at_most(self, lead, acme):
        make_players(acme, 7)
        assert {title: len(names) for title, names in find(lead, "nadia").items()} == {"Players": 5, "Visitors": 5}

    def test_name_a_person_of_two_integrations_once(self, lead, acme):
        make_players(acme, 1)
        beta = make_integration(slug="beta", name="Beta", login_project_id=acme.login_project_id)
        user = make_login_user(integration=beta, user_id="user-0", name="StarFox 0")
        make_link(visitor=make_visitor(integration=beta, visitor_id="78.v0", name="Nadia"), login_user=user)
        assert find(lead, "nadia")["Players"] == ["StarFox 0"]

    def test_are_the_record_that_a_pasted_id_names(self, lead, acme):
        make_players(acme, 3)
        assert find(lead, "77-v1") == {"Players": ["StarFox 1"], "Visitors": ["Nadia 1"]}

    def test_take_typed_filters(self, lead, acme):
        make_players(acme, 2)
        Visitor.objects.filter(name="Nadia 1").update(is_banned=True)
        assert find(lead, "nadia banned:yes")["Visitors"] == ["Nadia 1"]

    @pytest.mark.parametrize("q", ["n", "  ", "\x00", "%%%", "<script>", "'; --"])
    def test_survive_whatever_is_typed(self, lead, acme, q):
        assert lead.get("/jump/", {"q": q}).status_code == 200


class TestRecent:
    def key(self, model, name):
        return f"{'v' if model is Visitor else 'u'}{model.objects.get(name=name).pk}"

    def test_are_offered_before_anything_is_typed(self, lead, acme):
        make_players(acme, 3)
        keys = [self.key(Visitor, "Nadia 2"), self.key(LoginUser, "StarFox 1"), self.key(Visitor, "Nadia 0")]
        assert find(lead, recent=".".join(keys)) == {"Players": ["StarFox 1"], "Visitors": ["Nadia 2", "Nadia 0"]}

    def test_come_first_where_many_others_match(self, lead, acme):
        make_players(acme, 20)
        keys = [self.key(Visitor, "Nadia 19"), self.key(LoginUser, "StarFox 17")]
        found = find(lead, "nadia", recent=".".join(keys))
        assert (found["Visitors"][0], found["Players"][0]) == ("Nadia 19", "StarFox 17")

    def test_are_left_out_where_they_do_not_match(self, lead, acme):
        make_players(acme, 1)
        make_visitor(integration=acme, visitor_id="77.other", name="Somebody")
        assert find(lead, "nadia", recent=self.key(Visitor, "Somebody"))["Visitors"] == ["Nadia 0"]

    @pytest.mark.parametrize("recent", ["x", "v", "v-1", "v1 OR 1=1", "v99999999", "u" * 5000, "." * 5000, "v٣"])
    def test_nonsense_is_nothing(self, lead, acme, recent):
        assert find(lead, recent=recent) == {}


class TestEyes:
    def test_agents_see_contact_data_masked(self, agent, acme):
        visitor = make_visitor(integration=acme, name="Nadia", email="nadia@player.example")
        make_link(visitor=visitor, login_user=make_login_user(integration=acme, email="nadia@player.example"))
        for query in ({"q": "nadia"}, {"recent": f"v{visitor.pk}"}):
            answer = agent.get("/jump/", query)
            assert b"Nadia" in answer.content
            assert b"nadia@player.example" not in answer.content

    def test_agents_find_no_part_of_an_address(self, agent, acme):
        make_visitor(integration=acme, name="Somebody", email="nadia@player.example")
        assert find(agent, "nadia@pl") == {}

    def test_developers_find_integrations_alone(self, client, acme):
        make_players(acme, 1)
        client.force_login(make_person("dev", groups=["developers"]))
        assert find(client, "a", recent=f"v{Visitor.objects.get().pk}") == {"Integrations": ["Acme Games"]}
        assert find(client, "nadia") == {}

    def test_strangers_are_refused(self, sign_in, acme):
        assert sign_in("outsider").get("/jump/", {"q": "nadia"}).status_code == 403


class TestBudget:
    @pytest.mark.parametrize("number", [1, 20])
    def test_costs_the_same_for_one_and_for_many(self, lead, acme, number, django_assert_max_num_queries):
        make_players(acme, number)
        with django_assert_max_num_queries(QUERIES):
            find(lead, "nadia", recent=f"v{Visitor.objects.first().pk}")
