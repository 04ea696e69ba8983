"""The same assertions on the published samples and on the running sandbox: the stand-in is itself held to the facts."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.jwt import decode_unverified
from tests.sandbox.client import CHAT, Client

SAMPLES = Path(__file__).parents[1] / "samples"
VISITOR_ID = re.compile(r"^[0-9]+(\.[A-Za-z0-9]+)?$")
CHAT_ID = re.compile(r"^[0-9]{4}\.[0-9]+\.[A-Za-z0-9]+$")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))["sample"]


def assert_time(text: str) -> None:
    assert text.endswith("Z")
    datetime.fromisoformat(text.replace("+00:00Z", "Z"))


def assert_visitor(visitor: dict[str, Any]) -> None:
    assert VISITOR_ID.match(visitor["id"])
    assert all(isinstance(visitor[name], str) for name in ("name", "email", "phone", "notes", "external_id"))
    assert visitor["banned"] in (True, False)
    assert type(visitor["created"]) is int
    assert 10**9 < visitor["created"] < 10**10


def assert_embedded(visitor: dict[str, Any]) -> None:
    assert set(visitor) == {"id", "name", "email", "phone", "notes"}
    assert VISITOR_ID.match(visitor["id"])


def assert_any_chat(chat: dict[str, Any]) -> None:
    assert CHAT_ID.match(chat["id"])
    assert chat["deleted"] is False
    assert_time(chat["timestamp"])
    assert_time(chat["update_timestamp"])
    assert_embedded(chat["visitor"])
    assert {"id", "browser", "platform", "user_agent", "ip", "country_code", "start_date", "end_date"} <= set(
        chat["session"]
    )
    assert_time(chat["session"]["start_date"])
    assert isinstance(chat["tags"], list)
    assert isinstance(chat["webpath"], list)
    assert {"department_id", "department_name", "zendesk_ticket_id", "unread"} <= set(chat)


def assert_chat(chat: dict[str, Any]) -> None:
    assert_any_chat(chat)
    assert chat["type"] == "chat"
    assert_time(chat["end_timestamp"])
    assert all(isinstance(agent_id, str) for agent_id in chat["agent_ids"])
    assert set(chat["count"]) == {"visitor", "agent", "total"}
    assert chat["started_by"] in ("visitor", "agent", "trigger")
    assert chat["triggered_response"] is None
    for item in chat["history"]:
        assert item["type"].startswith("chat.")
        assert "." in item["timestamp"]
        assert item["channel"] == "#supportchat:" + chat["visitor"]["id"].replace(".", "-", 1)


def assert_offline_message(chat: dict[str, Any]) -> None:
    assert_any_chat(chat)
    assert chat["type"] == "offline_msg"
    assert isinstance(chat["message"], str)
    assert not {"history", "end_timestamp", "duration", "count"} & set(chat)


def assert_export_page(page: dict[str, Any]) -> None:
    assert set(page) == {"chats", "count", "end_time", "end_id", "next_page"}
    assert page["count"] == len(page["chats"])
    assert type(page["end_time"]) is int
    assert page["next_page"].endswith(f"&start_time={page['end_time']}&start_id={page['end_id']}")
    assert "/incremental/chats?" in page["next_page"]
    assert not set("()*, ") & set(page["next_page"])


def assert_export_ids(page: dict[str, Any]) -> None:
    assert_export_page(page)
    assert all(set(chat) == {"id"} for chat in page["chats"])


def assert_chat_list(page: dict[str, Any]) -> None:
    assert set(page) == {"chats", "count", "next_url"}
    assert page["next_url"] is None or "?cursor=" in page["next_url"]


def assert_chat_docs(page: dict[str, Any]) -> None:
    assert all(chat["id"] == chat_id for chat_id, chat in page["docs"].items())
    assert page["docs"]


def assert_search_page(page: dict[str, Any]) -> None:
    assert set(page) == {"results", "count", "next_url"}
    for result in page["results"]:
        assert set(result) == {"id", "type", "timestamp", "preview", "url"}
        assert result["url"].endswith("/chats/" + result["id"])


def assert_bans(bans: dict[str, Any]) -> None:
    assert set(bans) == {"visitor", "ip_address"}
    assert {"id", "type", "visitor_id", "visitor_name", "reason"} <= set(bans["visitor"][0])
    assert {"id", "type", "ip_address", "reason"} <= set(bans["ip_address"][0])
    assert type(bans["visitor"][0]["id"]) is int
    assert "created_at" not in bans["ip_address"][0]


def assert_account(account: dict[str, Any]) -> None:
    assert re.match(r"^[A-Za-z0-9]{32}$", account["account_key"])
    assert account["status"] == "active"
    assert account["plan"]["rest_api"] is True


def assert_agents(agents: list[dict[str, Any]]) -> None:
    assert all(type(agent["id"]) is int for agent in agents)
    assert any(agent["last_login"] is None for agent in agents)


def assert_unauthorized(body: dict[str, Any]) -> None:
    assert set(body) == {"error", "description"}
    assert body["error"] == "Unauthorized"


def assert_key_set(body: dict[str, Any]) -> None:
    [key] = body["keys"]
    assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}
    assert key["e"] == "AQAB"
    assert re.match(r"^[A-Za-z0-9_-]{342}$", key["n"])


def assert_bare_keys(body: list[dict[str, Any]]) -> None:
    [key] = body
    assert (key["alg"], key["kty"], key["use"], key["e"]) == ("RS256", "RSA", "sig", "10001")
    assert re.match(r"^[0-9a-f]{512}$", key["n"])


def assert_login_error(body: dict[str, Any]) -> None:
    assert set(body) == {"error"}
    assert re.match(r"^(\d{3}-\d{3}|0|1901-0001)$", body["error"]["code"])
    assert isinstance(body["error"]["description"], str)


def assert_login_user(user: dict[str, Any]) -> None:
    assert {"id", "email", "username", "name", "groups", "ban", "is_last_email_confirmed", "login_type"} <= set(user)
    assert user["ban"] is None


def assert_user_search(body: dict[str, Any]) -> None:
    assert set(body) == {"count", "next_after", "users"}
    assert_login_user(body["users"][0])


Read = Callable[[Client], Any]
RS256 = "/login/api/projects/4d8f0a1e-6b2c-4f57-9e3a-7c1d5b9e2f08"
NADIA = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
HS256 = "/login/api/projects/b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"


def by_server(client: Client, path: str) -> Any:
    fields = {
        "grant_type": "client_credentials",
        "client_id": "40001",
        "client_secret": "sandbox-server-client-secret-not-real",
    }
    token = client.form("/login/api/oauth2/token", fields).json()["access_token"]
    return client.call("GET", path, headers={"X-SERVER-AUTHORIZATION": token}).json()


def one_linked(client: Client) -> Any:
    return client.chat("/visitors/" + next(iter(client.get("/_control/truth").json()["truth"])))


def one_chat(client: Client, kind: str) -> Any:
    found = client.chat("/chats/search", q=f"type:{kind}")["results"][0]["id"]
    return client.chat(f"/chats/{found}")


CASES: list[tuple[str, Callable[[Any], None], Read]] = [
    ("visitor", assert_visitor, one_linked),
    ("chat", assert_chat, lambda client: one_chat(client, "chat")),
    ("offline_message", assert_offline_message, lambda client: one_chat(client, "offline_msg")),
    ("export_page", assert_export_page, lambda client: client.chat("/incremental/chats", fields="chats(*)", limit=5)),
    ("export_ids", assert_export_ids, lambda client: client.chat("/incremental/chats", limit=5)),
    ("chat_list", assert_chat_list, lambda client: client.chat("/chats")),
    ("chat_docs", assert_chat_docs, lambda client: client.chat("/chats", ids=one_chat(client, "chat")["id"])),
    ("search_page", assert_search_page, lambda client: client.chat("/chats/search", q="type:chat")),
    ("bans", assert_bans, lambda client: client.chat("/bans")),
    ("account", assert_account, lambda client: client.chat("/account")),
    ("agents", assert_agents, lambda client: client.chat("/agents")),
    ("unauthorized", assert_unauthorized, lambda client: Client(client.port, "wrong").get(f"{CHAT}/account").json()),
    ("login_jwks", assert_key_set, lambda client: client.get(f"{RS256}/jwks.json").json()),
    ("login_keys", assert_bare_keys, lambda client: client.get(f"{RS256}/keys").json()),
    ("login_error", assert_login_error, lambda client: client.get("/login/api/projects/none/keys").json()),
    ("login_user", assert_login_user, lambda client: by_server(client, f"{HS256}/users/search/by_id/{NADIA}")),
    (
        "login_user_search",
        assert_user_search,
        lambda client: by_server(client, f"{HS256}/users/search?search_query=nadia"),
    ),
]


@pytest.mark.parametrize(("name", "check", "read"), CASES, ids=[case[0] for case in CASES])
class TestPublishedShapes:
    def test_the_sample_has_the_shape(self, name: str, check: Callable[[Any], None], read: Read):
        check(sample(name))

    def test_the_sandbox_has_the_shape(self, name: str, check: Callable[[Any], None], read: Read, client: Client):
        check(read(client))


class TestLoginClaims:
    @pytest.mark.parametrize("player", sorted(sample("login_claims")))
    def test_a_player_gets_the_claims_of_their_kind(self, player: str, client: Client):
        minted = decode_unverified(client.control("login_jwt", player=player)["token"]).claims
        published = sample("login_claims")[player]
        assert set(minted) == set(published)
        assert {name: type(value) for name, value in minted.items()} == {n: type(v) for n, v in published.items()}

    def test_a_native_sign_in_carries_the_access_key_that_nobody_may_pass_on(self, client: Client):
        claims = decode_unverified(client.control("login_jwt", player="nadia")["token"]).claims
        assert re.match(r"^[A-Za-z0-9_-]{43}$", claims["xsolla_login_access_key"])


class TestSamples:
    @pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
    def test_each_says_where_it_is_from_and_how_sure_it_is(self, path: Path):
        told = json.loads(path.read_text(encoding="utf-8"))
        assert set(told) == {"source", "read_on", "grade", "about", "sample"}
        assert told["source"].startswith("https://")
        assert told["grade"].endswith("invented values")
