"""Everybody's own language, on every page; without a choice, the browser's."""

import pytest

from linking.models import Preference
from tests.factories import make_integration
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/accounts/language/"
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def german_lead(client):
    person = make_person("lead")
    Preference.objects.create(user=person, language="de")
    client.force_login(person)
    return client


def get_language(answer):
    return read(answer).one("html").attributes["lang"]


class TestEveryPage:
    def test_is_in_the_language_of_the_person(self, german_lead):
        answer = german_lead.get("/", HTTP_ACCEPT_LANGUAGE="en")
        assert get_language(answer) == "de"
        assert read(answer).one("h1").text == "Besucher"

    def test_is_in_the_language_of_the_browser_without_a_choice(self, lead):
        assert get_language(lead.get("/", **GERMAN)) == "de"

    @pytest.mark.parametrize("asked", ["", "xx", "fr;q=1", "de" * 300, "en-GB"])
    def test_is_in_english_for_every_other_browser(self, lead, asked):
        assert get_language(lead.get("/", HTTP_ACCEPT_LANGUAGE=asked)) == "en"

    def test_of_a_language_no_longer_offered_is_in_that_of_the_browser(self, client):
        person = make_person("lead")
        Preference.objects.create(user=person, language="tlh")
        client.force_login(person)
        assert get_language(client.get("/", **GERMAN)) == "de"

    def test_leaves_nothing_behind_for_the_next_person(self, german_lead, agent):
        german_lead.get("/")
        assert get_language(agent.get("/")) == "en"

    def test_of_sign_in_is_in_the_language_of_the_browser(self, client):
        assert get_language(client.get("/accounts/login/", **GERMAN)) == "de"

    def test_costs_no_query_more(self, german_lead, django_assert_num_queries):
        german_lead.get(PAGE)
        with django_assert_num_queries(2):  # the session, the person
            german_lead.get("/theme/")


class TestMachines:
    def test_are_answered_in_english_by_the_token_endpoint(self, client):
        make_integration()
        answer = client.get("/generate/token/acme", **GERMAN)
        assert answer.json()["code"] == "00-00"
        assert answer.json()["description"] == client.get("/generate/token/acme").json()["description"]


class TestChoice:
    def test_is_kept_and_told_in_that_language(self, lead):
        page = read(lead.post(PAGE, {"language": "de"}, follow=True))
        assert page.one(id="toasts").text == "Die Sprache ist gespeichert."
        assert page.one("option", selected="").text == "Deutsch"

    def test_of_the_browser_can_be_made_again(self, german_lead):
        answer = german_lead.post(PAGE, {"language": "browser"}, follow=True)
        assert read(answer).one("option", selected="").text == "As in the browser"
        assert Preference.objects.get().language == ""

    def test_leaves_the_time_zone_alone(self, lead):
        lead.post("/accounts/time-zone/", {"time_zone": "Europe/Berlin"})
        lead.post(PAGE, {"language": "de"})
        assert Preference.objects.get().time_zone == "Europe/Berlin"

    @pytest.mark.parametrize("code", ["", "xx", "../de", "de\n"])
    def test_of_no_offered_language_changes_nothing(self, lead, code):
        page = read(lead.post(PAGE, {"language": code}, follow=True))
        assert "This language is not offered" in page.one(id="toasts").text
        assert not Preference.objects.exists()

    def test_is_open_to_somebody_without_a_group(self, sign_in):
        assert sign_in("outsider").get(PAGE).status_code == 200
