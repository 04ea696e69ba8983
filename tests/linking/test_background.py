import pytest
from django.db import OperationalError

from linking import background
from linking.monitoring import alarms
from linking.tokens import key_fetching
from tests.factories import LOGIN_PROJECT_ID, make_integration
from tests.linking.clients.test_xsolla_login import answer
from tests.linking.scripted_server import scripted
from tests.rsa_keys import listed, listed_hex

pytestmark = pytest.mark.django_db


def fetch(*bodies):
    """Fetch from a Login that answers its key set's two addresses with `bodies`."""

    def script(connection, head):
        connection.sendall(answer(bodies[0] if "jwks.json" in head else bodies[-1]))

    with scripted(script) as server:
        background.fetch_keys_once(login_api_url=server.url, allow_loopback=True)
        return server.heads


def key_ids():
    return [one.key_id for one in key_fetching.current()[LOGIN_PROJECT_ID].keys]


class TestWatchOnce:
    def test_lives_through_a_database_that_is_away(self, monkeypatch, caplog):
        def away(**_options):
            raise OperationalError

        monkeypatch.setattr(alarms, "stand_in", away)
        background.watch_once(allow_loopback=False)
        assert "Alarms could not be checked (OperationalError)." in caplog.text


class TestFetchKeysOnce:
    def test_reads_the_standard_set(self):
        make_integration(login_algorithm="RS256")
        fetch({"keys": [listed()]})
        assert key_ids() == ["first"]

    def test_reads_the_older_list_where_the_standard_one_is_empty(self):
        make_integration(login_algorithm="RS256")
        fetch({"keys": []}, [listed_hex("second")])
        assert key_ids() == ["second"]

    @pytest.mark.parametrize("changes", [{}, {"login_algorithm": "RS256", "enabled": False}])
    def test_asks_nothing_for_projects_that_need_no_keys(self, changes):
        make_integration(**changes)
        assert fetch({"keys": [listed()]}) == []

    def test_asks_once_for_two_integrations_of_one_project(self):
        make_integration(login_algorithm="RS256")
        make_integration(login_algorithm="RS256", slug="twin", name="Twin")
        assert len(fetch({"keys": [listed()]})) == 1

    def test_asks_only_the_configured_address(self):
        make_integration(login_algorithm="RS256")
        assert fetch({"keys": [listed()]})[0].startswith(f"GET /projects/{LOGIN_PROJECT_ID}/jwks.json ")
