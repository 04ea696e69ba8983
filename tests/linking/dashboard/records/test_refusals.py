"""A player's refused tokens: on the player's page, behind the search, and as numbers on the set-up page."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from linking.models import LoginUser, RefusedToken
from tests.factories import ORIGIN, USER_ID, make_integration
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 14, 3, tzinfo=UTC)


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def nadia(acme):
    return LoginUser.objects.create(integration=acme, user_id=USER_ID)


def refuse(integration, *, user_id=USER_ID, at=AT, reason="expired", origin=ORIGIN):
    RefusedToken.objects.create(integration=integration, user_id=user_id, at=at, reason=reason, origin=origin)


def panel(browser, *, user_id=USER_ID):
    return read(browser.get(f"/users/{user_id}/")).one(class_="refusals")


class TestPlayersPage:
    def test_says_when_why_and_on_which_page(self, agent, acme, nadia):
        refuse(acme)
        assert [paragraph.text for paragraph in panel(agent).one("li").all("p")] == [
            "22 Nov 2026, 14:03 UTC 00-01 expired",
            "The token has expired. Send the player through Xsolla Login again.",
            f"Asked for by {ORIGIN}",
        ]

    def test_says_the_time_in_the_reader_s_zone(self, agent, acme, nadia):
        refuse(acme)
        with timezone.override("Europe/Berlin"):
            agent.post("/accounts/time-zone/", {"time_zone": "Europe/Berlin"})
            assert panel(agent).one("time").text == "22 Nov 2026, 15:03 CET"

    def test_says_where_nobody_checked_the_signature(self, agent, acme, nadia):
        refuse(acme, reason="signature")
        assert "anyone may have sent this" in panel(agent).one("li").text

    def test_folds_all_but_the_newest(self, agent, acme, nadia):
        for minute in range(8):
            refuse(acme, at=AT.replace(minute=minute))
        found = panel(agent)
        assert (found.one("summary").text, len(found.one("details").all("li"))) == ("3 earlier refusals", 3)

    def test_says_that_there_were_none(self, agent, acme, nadia):
        assert "No token of this player was refused." in panel(agent).text

    def test_shows_those_of_every_integration_of_the_person(self, agent, acme, nadia):
        second = make_integration(slug="second", name="Second")
        LoginUser.objects.create(integration=second, user_id=USER_ID)
        refuse(second)
        assert len(panel(agent).all("li")) == 1

    def test_shows_those_of_no_other_login_project(self, agent, acme, nadia):
        refuse(make_integration(slug="second", login_project_id="p-second"))
        assert panel(agent).all("li") == []

    def test_shows_a_hostile_page_as_text(self, agent, acme, nadia):
        refuse(acme, origin="<img src=x onerror=alert(1)>")
        assert panel(agent).all("img") == []

    def test_knows_a_reason_of_an_earlier_version(self, agent, acme, nadia):
        refuse(acme, reason="of_long_ago")
        assert "of_long_ago" in panel(agent).text


class TestUnknownPlayer:
    def test_is_not_found_without_a_refusal(self, agent, acme):
        assert agent.get("/users/nobody/").status_code == 404

    def test_is_told_how_often_and_why(self, agent, acme):
        for minute in (1, 2, 3):
            refuse(acme, user_id="brand-new", at=AT.replace(minute=minute))
        page = read(agent.get("/users/brand-new/"))
        assert page.one("h1").text == "Unknown player"
        assert page.one(id="why").text == "This ID was refused a token 3 times."
        assert "Last on 22 Nov 2026, 14:03 UTC: The token has expired." in page.one(class_="why").text

    def test_names_the_integrations_where_several_refused(self, agent, acme):
        refuse(acme, user_id="brand-new")
        second = make_integration(slug="second", name="Second", login_project_id="p-second")
        refuse(second, user_id="brand-new", at=AT.replace(minute=1))
        assert [line.one("bdi", class_="soft").text for line in panel(agent, user_id="brand-new").all("li")] == [
            "Acme Games", "Second",
        ]  # fmt: skip

    def test_of_another_integration_is_not_found(self, agent, acme):
        make_integration(slug="second", login_project_id="p-second")
        refuse(acme, user_id="brand-new")
        assert agent.get("/users/brand-new/?integration=second").status_code == 404

    def test_is_masked_for_agents_where_the_id_is_an_address(self, agent, acme):
        refuse(acme, user_id="nadia@player.example")
        assert "nadia@player.example" not in read(agent.get("/users/nadia@player.example/")).one("main").text

    def test_budget(self, agent, acme, django_assert_max_num_queries):
        refuse(acme, user_id="brand-new")
        with django_assert_max_num_queries(12):
            agent.get("/users/brand-new/")


class TestSearch:
    @pytest.mark.parametrize("typed", ["brand-new", "user id: brand-new"])
    def test_leads_to_an_id_that_was_only_refused(self, agent, acme, typed):
        refuse(acme, user_id="brand-new")
        assert agent.get("/", {"q": typed})["Location"] == "/users/brand-new/"

    def test_leads_to_the_player_where_there_is_one(self, agent, acme, nadia):
        refuse(acme)
        assert agent.get("/", {"q": USER_ID})["Location"].startswith(f"/users/{USER_ID}/")

    def test_leads_nowhere_for_other_words(self, agent, acme):
        refuse(acme, user_id="brand-new")
        assert agent.get("/", {"q": "brand"}).status_code == 200


class TestSetUpPage:
    def test_counts_players_by_reason_and_names_none(self, agent, acme):
        refuse(acme)
        refuse(acme, at=AT.replace(minute=1))
        refuse(acme, user_id="brand-new")
        found = read(agent.get("/setup/acme/")).one(class_="refused-players")
        assert found.one("summary").text == "Players refused in the last 14 days, by reason"
        assert [cell.text for cell in found.one("tbody").all("td")] == ["2", "3"]
        assert USER_ID not in found.text

    def test_says_nothing_where_nobody_was_refused(self, agent, acme):
        assert read(agent.get("/setup/acme/")).all(class_="refused-players") == []
