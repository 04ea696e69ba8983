import json
import re

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.jwt import decode_unverified, is_signed_rs256
from tests.sandbox.client import Client
from tests.sandbox.conftest import NOW_S
from tests.sandbox.support.calls import API

PAGE = "/support/agent/apps"


def open_page(client: Client, path: str = "/ticket_sidebar") -> str:
    answer = client.call("GET", PAGE + path)
    assert answer.status == 200
    return answer.body.decode()


def read_start(page: str):
    return decode_unverified(re.search(r'name="token" value="([^"]+)"', page)[1])


def read_data(page: str) -> dict:
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


class TestStart:
    def test_is_signed_with_the_apps_key_and_posted_to_the_bridge(self, client: Client):
        page = open_page(client, "/ticket_sidebar?app=demo")
        key = load_pem_public_key(client.call("GET", f"{API}/apps/1001/public_key").body)
        assert is_signed_rs256(read_start(page), key=key)
        assert 'action="http://127.0.0.1:8000/panel/demo/?origin=http%3A%2F%2F127.0.0.1' in page

    @pytest.mark.parametrize(
        ("query", "claims"),
        [
            ("app=demo", {"aud": "https://sandbox.zendesk.com/api/v2/apps/installations/5001.json"}),
            ("", {"aud": "https://sandbox.zendesk.com/api/v2/apps/installations/5002.json", "exp": NOW_S + 300}),
            ("start=expired", {"exp": NOW_S - 600}),
            ("start=foreign-account", {"iss": "elsewhere.zendesk.com"}),
            ("start=foreign-installation", {"aud": "https://sandbox.zendesk.com/api/v2/apps/installations/9002.json"}),
        ],
    )
    def test_is_as_asked_for(self, client: Client, query: str, claims: dict):
        found = read_start(open_page(client, f"/ticket_sidebar?{query}")).claims
        assert {name: found[name] for name in claims} == claims

    def test_can_be_somebody_elses(self, client: Client):
        key = load_pem_public_key(client.call("GET", f"{API}/apps/1001/public_key").body)
        assert not is_signed_rs256(read_start(open_page(client, "/ticket_sidebar?start=foreign-key")), key=key)

    def test_can_be_the_last_one_again(self, client: Client):
        first = read_start(open_page(client)).claims["jti"]
        assert read_start(open_page(client, "/ticket_sidebar?start=replayed")).claims["jti"] == first


class TestPage:
    @pytest.mark.parametrize("location", ["ticket_sidebar", "user_sidebar"])
    def test_is_about_end_users_and_strangers(self, client: Client, location: str):
        people = read_data(open_page(client, f"/{location}"))["people"]
        assert people[0]["externalId"] and people[-1] == {
            "id": None, "label": "Nobody (without external ID)", "name": "Nobody", "externalId": None,
        }  # fmt: skip

    def test_is_about_chat_visitors_by_their_nick(self, client: Client):
        assert read_data(open_page(client, "/chat_sidebar"))["people"][0]["nick"].startswith("visitor:7700123-")

    def test_of_a_user_leads_to_the_app(self, client: Client):
        user_id = read_data(open_page(client))["people"][0]["id"]
        page = client.call("GET", f"/support/agent/users/{user_id}").body.decode()
        assert f"/support/agent/apps/user_sidebar?app=demo-messaging&amp;person={user_id}" in page

    @pytest.mark.parametrize(
        "path", [f"{PAGE}/nav_bar", "/support/agent/files/app.html", "/support/agent/files/..%2Fapps.py"]
    )
    def test_is_nothing_else(self, client: Client, path: str):
        assert client.call("GET", f"/support/agent/{path}").status == 404

    @pytest.mark.parametrize("path", ["/support/agent/files/app.js", "/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"])
    def test_has_its_scripts(self, client: Client, path: str):
        answer = client.call("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
