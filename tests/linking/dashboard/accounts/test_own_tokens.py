"""The page of a person's own API tokens."""

import re

import pytest
from django.test import Client

from linking.accounts import api_tokens
from linking.integrations import own_password
from linking.limits import Limiter
from linking.models import APIToken
from tests.linking.conftest import make_key, make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tokens/"
NEW = {"name": "Prometheus", "scopes": ["metrics"], "days": "30", "own_password": "a long password of theirs"}


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(own_password, "_tries", Limiter(per_minute=5))


class TestOwnTokens:
    def test_shows_a_new_key_once(self, agent):
        response = agent.post(PAGE, NEW)
        key = re.search(r"zdb_[\w-]{43}", response.content.decode()).group()
        row = APIToken.objects.get()
        assert (row.digest, row.scopes, row.user.username) == (api_tokens.digest_key(key), "metrics", "agent")
        assert key not in agent.get(PAGE).content.decode()
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize(
        ("sent", "why"),
        [
            ({"own_password": ""}, "Enter your own password."),
            ({"own_password": "wrong"}, "This is not your password."),
            ({"name": " "}, "Enter a name."),
            ({"scopes": []}, "Choose what the token may do."),
            ({"days": "x"}, "Choose when the token ends."),
            ({"days": "9999"}, "Choose when the token ends."),
        ],
        ids=["no-password", "wrong-password", "no-name", "no-scope", "no-days", "too-many-days"],
    )
    def test_makes_none_of_half_a_form(self, agent, sent, why):
        response = agent.post(PAGE, NEW | sent)
        assert (response.status_code, why in read(response).text) == (422, True)
        assert not APIToken.objects.exists()

    def test_lists_ones_own_alone(self, agent):
        make_key(APIToken._meta.get_field("user").related_model.objects.get(), "read", name="mine")
        make_key(make_person("lead"), "read", name="theirs")
        text = read(agent.get(PAGE)).text
        assert "mine" in text and "theirs" not in text

    def test_says_so_when_there_are_none(self, agent):
        assert "You have no tokens." in read(agent.get(PAGE)).text

    def test_revokes_one(self, agent):
        agent.post(PAGE, NEW)
        text = read(agent.post(f"{PAGE}{APIToken.objects.get().pk}/revoke/", follow=True)).text
        assert "The token Prometheus no longer works." in text
        assert not APIToken.objects.exists()

    def test_revokes_nobody_elses(self, agent):
        make_key(make_person("lead"), "read")
        assert agent.post(f"{PAGE}{APIToken.objects.get().pk}/revoke/").status_code == 404
        assert APIToken.objects.exists()

    def test_is_closed_to_somebody_without_a_group(self):
        browser = Client()
        browser.force_login(make_person("outsider"))
        assert browser.get(PAGE).status_code == 403
