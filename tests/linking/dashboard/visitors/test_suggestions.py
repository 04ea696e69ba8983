"""The first matches while somebody types."""

from datetime import timedelta

import pytest

from linking.dashboard.visitors.suggestions import SHOWN
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def look(client, q):
    return read(client.get("/search/", {"q": q}, **HTMX))


def make_visitors(*, number, **changes):
    integration = make_integration()
    for place in range(number):
        at = NOW + timedelta(minutes=place)
        times = {"first_seen_at": at, "last_seen_at": at}
        make_visitor(integration=integration, visitor_id=f"7.v{place}", name=f"Nadia {place}", **times, **changes)


class TestMatches:
    def test_are_the_newest_first_as_on_the_result_page(self, lead):
        make_visitors(number=3)
        found = [one.one("bdi").text for one in look(lead, "nadia").all(role="option")]
        assert found == ["Nadia 2", "Nadia 1", "Nadia 0"]

    def test_are_eight_at_most_and_lead_to_all_of_them(self, lead):
        make_visitors(number=SHOWN + 1)
        page = look(lead, "nadia")
        assert len(page.all(role="option")) == SHOWN
        assert page.one(class_="match-all").one("a").attributes["href"] == "/?q=nadia"

    def test_do_not_lead_on_where_that_is_all(self, lead):
        make_visitors(number=SHOWN)
        assert look(lead, "nadia").all(class_="match-all") == []

    def test_lead_to_the_record(self, lead):
        make_visitors(number=1)
        assert look(lead, "nadia").one(role="option").attributes["href"] == "/visitors/7.v0/?integration=acme"

    @pytest.mark.parametrize("q", [USER_ID, f"https://publisher.example/users/{USER_ID}"])
    def test_name_the_login_user_that_a_pasted_id_names(self, lead, q):
        make_login_user(integration=make_integration(), name="Nadia")
        row = look(lead, q).one(role="option")
        assert (row.attributes["href"], row.one("bdi").text) == (f"/users/{USER_ID}/?integration=acme", "Nadia")

    def test_name_the_visitor_that_a_pasted_address_names(self, lead):
        make_visitors(number=1)
        row = look(lead, "https://acme.zendesk.com/chat#!7-v0").one(role="option")
        assert row.attributes["href"] == "/visitors/7.v0/?integration=acme"

    @pytest.mark.parametrize(
        ("number", "words"),
        [(0, "No results."), (1, "1 match."), (2, "2 matches."), (SHOWN + 1, f"The first {SHOWN} matches.")],
    )
    def test_are_announced(self, lead, number, words):
        make_visitors(number=number)
        assert look(lead, "nadia").one(id="match-list").attributes["data-said"].startswith(words)

    @pytest.mark.parametrize("q", ["", "na", "  n ", "\x00\x00\x00", "\u202e\u202e\u202e"])
    def test_are_not_looked_for_with_hardly_a_character(self, lead, q):
        make_visitors(number=1)
        assert lead.get("/search/", {"q": q}, **HTMX).content.strip() == b""

    @pytest.mark.parametrize("q", ["%%%", "'; --", '"""', "a" * 5000, "<script>", "\ud800abc", "NEAR(x)"])
    def test_survive_whatever_is_typed(self, lead, q):
        make_visitors(number=1)
        text = lead.get("/search/?q=" + "".join(f"%{byte:02x}" for byte in q.encode("utf-8", "surrogatepass")), **HTMX)
        assert (text.status_code, b"<script>" in text.content) == (200, False)

    def test_escape_what_strangers_wrote(self, lead):
        make_visitor(integration=make_integration(), name="<b>Nadia</b>")
        assert look(lead, "nadia").one(role="option").one("bdi").text == "<b>Nadia</b>"


class TestEyes:
    def test_agents_see_what_the_list_would_show_them(self, agent):
        make_visitor(integration=make_integration(), name="nadia@player.example", email="nadia@player.example")
        text = look(agent, "nadia@player.example").one(role="option").text
        assert "nadia@player.example" not in text and "n•••@p•••.example" in text

    def test_leads_see_the_address(self, lead):
        make_visitor(integration=make_integration(), name="Nadia", email="nadia@player.example")
        assert "nadia@player.example" in look(lead, "nadia").one(role="option").text

    def test_somebody_without_a_group_sees_nothing(self, sign_in):
        make_visitors(number=1)
        assert sign_in("outsider").get("/search/", {"q": "nadia"}, **HTMX).status_code == 403

    def test_a_stranger_is_led_to_the_sign_in_page(self, client):
        assert client.get("/search/", {"q": "nadia"}, **HTMX)["Location"].startswith("/accounts/login/")


class TestWithoutScripts:
    def test_leads_to_the_result_page(self, lead):
        answer = lead.get("/search/", {"q": "na dia&x"})
        assert (answer.status_code, answer["Location"]) == (302, "/?q=na+dia%26x")

    def test_takes_no_post(self, lead):
        assert lead.post("/search/", {"q": "nadia"}, **HTMX).status_code == 405


class TestBudget:
    def test_costs_the_same_for_one_and_for_eight(self, lead, django_assert_max_num_queries):
        make_visitors(number=SHOWN)
        user = make_login_user(integration=make_integration(slug="b", login_project_id="b"))
        make_link(visitor=make_visitor(integration=user.integration, name="Nadia"), login_user=user)
        # Session, person, groups; is there an index; the record it may name, four ways; visitors, their links and
        # the conflicts of those who are not linked; notes and names of labels.
        with django_assert_max_num_queries(13):
            look(lead, "nadia")


class TestWhereNoVisitorFits:
    def test_users_who_signed_in_are_named(self, lead):
        proof = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
        make_login_user(integration=make_integration(), name="StarFox77", **proof)
        row = look(lead, "starf").one(role="option")
        assert (row.one("bdi").text, row.attributes["href"]) == ("StarFox77", f"/users/{USER_ID}/?integration=acme")


class TestFilterWords:
    def test_narrow_the_matches(self, lead):
        make_visitors(number=1)
        assert look(lead, "nadia state:gone").one(id="match-list").attributes["data-said"] == "No results."
        assert len(look(lead, "nadia state:anonymous").all(role="option")) == 1
