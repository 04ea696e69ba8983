import json
from datetime import timedelta
from email.utils import format_datetime

import pytest

from linking.integrations import check_integration
from linking.models import ChatHost, ClockOffset, ConnectionFlaw, Integration, Secret
from linking.sync import zendesk_host
from linking.sync import zendesk_host as hosts
from linking.sync.store import connections
from tests.factories import LOGIN_SECRET_KEY, NOW, ZENDESK_ACCESS_TOKEN, ZENDESK_SHARED_SECRET, make_integration
from tests.linking.scripted_server import scripted
from tests.linking.sync.store.test_connections import make_connection

pytestmark = pytest.mark.django_db
GOOD = {
    "/login/projects/": (200, {"keys": [{"kid": "1"}]}),
    "/chat/agents/me": (200, {"id": 1, "enabled": True, "roles": {"administrator": True}}),
    "/chat/account": (200, {"account_key": "", "status": "active", "plan": {"rest_api": True}}),
    "/chat/incremental/chats": (200, {"chats": [], "count": 0}),
}


def checked(answers=None, *, date=NOW, on_start=lambda _url: None, **changes):
    """What is found with vendors that answer so, as {name: check}; the integration is Acme with `changes`."""
    table = GOOD | (answers or {})

    def script(connection, head):
        path = head.split(" ")[1]
        status, body = next((value for key, value in table.items() if path.startswith(key)), (404, {}))
        content = json.dumps(body).encode()
        lines = (
            f"HTTP/1.1 {status} x\r\nDate: {format_datetime(date, usegmt=True)}\r\nContent-Type: application/json\r\n"
        )
        connection.sendall(f"{lines}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content)

    with scripted(script) as server:
        on_start(server.url)
        Integration.objects.filter(slug="acme").update(**({"zendesk_api_url": f"{server.url}/chat"} | changes))
        found = check_integration(slug="acme", login_api_url=f"{server.url}/login", allow_loopback=True, now=NOW)
    return {check.name: check for check in found}


@pytest.fixture(autouse=True)
def acme():
    return make_integration()


class TestCheckIntegration:
    def test_finds_a_good_one_good(self):
        assert [check for check in checked().values() if not check.is_ok] == []

    @pytest.mark.parametrize(
        ("answers", "name", "words"),
        [
            ({"/chat/agents/me": (401, {})}, "zendesk_token", "set zendesk_access_token"),
            ({"/chat/agents/me": (403, {})}, "zendesk_token", "administrator"),
            ({"/chat/agents/me": (404, {})}, "zendesk_host", "zendesk_subdomain"),
            ({"/chat/agents/me": (503, {})}, "zendesk_host", "Try again later"),
            ({"/chat/agents/me": (200, {"id": 1, "enabled": False})}, "zendesk_role", "disabled"),
            ({"/chat/agents/me": (200, {"id": 1, "roles": {"agent": True}})}, "zendesk_role", "not an administrator"),
            ({"/chat/incremental/chats": (403, {})}, "zendesk_scope", "scope read"),
            ({"/chat/incremental/chats": (503, {})}, "zendesk_scope", "Try again later"),
            ({"/chat/account": (403, {})}, "zendesk_account", "administrator"),
            ({"/chat/account": (200, {"plan": {"rest_api": False}})}, "zendesk_plan", "Change the plan"),
            ({"/login/projects/": (404, {})}, "login_keys", "login_project_id"),
            ({"/login/projects/": (500, {})}, "login_keys", "Try again later"),
        ],
    )
    def test_says_what_to_do(self, answers, name, words):
        check = checked(answers)[name]
        assert (check.is_ok, words in check.sentence) == (False, True)

    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"enabled": False}, "enabled"),
            ({"blocked_reason": "credentials"}, "enabled"),
            ({"allowed_origins": []}, "origins"),
            ({"zendesk_api_url": "http://127.0.0.1:1"}, "zendesk_host"),
            ({"zendesk_api_url": "https://evil.example"}, "zendesk_host"),
        ],
    )
    def test_finds_settings_that_cannot_work(self, changes, name):
        assert not checked(**changes)[name].is_ok

    def test_says_each_fact_of_zendesks_side_in_a_line_of_its_own(self):
        names = ["host", "token", "role", "scope", "account", "plan", "limit"]
        told = [check for check in checked().values() if check.name.startswith("zendesk_")]
        assert [check.name for check in told if check.name.removeprefix("zendesk_") in names] == [
            f"zendesk_{name}" for name in names
        ]

    @pytest.mark.parametrize(
        ("user", "is_known"), [({"id": 17, "role": "admin"}, True), ({"id": None}, False), (None, False)]
    )
    def test_knows_a_token_of_support_by_its_being_one(self, user, is_known):
        answers = {"/chat/agents/me": (401, {}), "/api/v2/users/me.json": (200, {"user": user})}
        check = checked(answers)["zendesk_token"]
        assert (check.is_ok, "a token of Zendesk Support" in check.sentence) == (False, is_known)

    @pytest.mark.parametrize(("per_minute", "words"), [(150, "Zendesk allows 200"), (201, "will ask for pauses")])
    def test_says_how_the_pace_suits_what_zendesk_allows(self, per_minute, words):
        assert words in checked(requests_per_minute=per_minute)["zendesk_limit"].sentence

    def test_says_that_the_retired_host_is_not_called(self, monkeypatch):
        def on_start(url):
            monkeypatch.setattr(zendesk_host, "current_address", lambda _url, **_options: f"{url}/chat")

        sentence = checked(on_start=on_start, zendesk_api_url="https://www.zopim.com/api/v2")["zendesk_host"].sentence
        assert sentence.startswith("The host www.zopim.com is retired; http://127.0.0.1")

    def test_shows_which_address_was_found(self, monkeypatch):
        with scripted(b"HTTP/1.1 404 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as elsewhere:
            found = self.sought(monkeypatch, elsewhere.url)
        assert found["zendesk_host"].is_ok
        assert ("answers and is used" in found["zendesk_host"].sentence, "(404)" in found["zendesk_host"].sentence) == (
            True, True,
        )  # fmt: skip
        assert ChatHost.objects.get().url.endswith("/chat")

    def test_says_that_no_address_answers(self, monkeypatch):
        kept = {"subdomain": "acme", "url": "http://127.0.0.1:1/kept"}
        ChatHost.objects.create(integration=Integration.objects.get(), **kept)
        found = self.sought(monkeypatch, "http://127.0.0.1:1", {"/chat/agents/me": (404, {})})
        assert (found["zendesk_host"].is_ok, "neither" in found["zendesk_host"].sentence) == (False, True)

    def sought(self, monkeypatch, elsewhere, answers=None):
        """What is found where the address is auto and the first candidate is `elsewhere`."""
        addresses = []
        monkeypatch.setattr(hosts, "candidate_addresses", lambda _subdomain: (elsewhere, *addresses))
        return checked(answers, on_start=lambda url: addresses.append(f"{url}/chat"), zendesk_api_url="auto")

    def test_shows_a_connection(self):
        make_connection(Integration.objects.get())
        check = checked()["zendesk_connection"]
        assert (check.is_ok, "at 2026-11-22 13:00 UTC and is renewed automatically" in check.sentence) == (
            True,
            True,
        )

    def test_says_that_a_connection_was_lost(self):
        row = make_connection(Integration.objects.get())
        connections.lose(row=row, number=connections.claim_renewal(row=row), flaw=ConnectionFlaw.ANSWER_LOST)
        check = checked()["zendesk_connection"]
        assert (check.is_ok, "connect with Zendesk again" in check.sentence) == (False, True)

    def test_finds_a_missing_secret(self):
        Secret.objects.filter(name="login_secret_key").delete()
        assert checked()["login_secret_key"].sentence == "The secret is not set."

    def test_finds_a_secret_that_cannot_be_opened(self):
        Secret.objects.filter(name="login_secret_key").update(sealed="v1:nonsense")
        assert not checked()["login_secret_key"].is_ok

    def test_finds_an_rs256_project_without_keys(self):
        answers = {"/login/projects/": (200, {"keys": []})}
        assert not checked(answers, login_algorithm="RS256")["login_keys"].is_ok

    def test_finds_another_account(self):
        answers = {"/chat/account": (200, {"account_key": "B", "plan": {"rest_api": True}})}
        assert not checked(answers, zendesk_account_key="A")["zendesk_account"].is_ok

    @pytest.mark.parametrize(("minutes", "words"), [(-2, "120 s ahead of"), (2, "120 s behind")])
    def test_finds_a_clock_that_is_off(self, minutes, words):
        assert words in checked(date=NOW + timedelta(minutes=minutes))["clock"].sentence

    @pytest.mark.parametrize(
        ("count", "minutes", "is_ok", "words"),
        [
            (2, 0, True, "too few to blame a clock"),
            (3, 0, False, "agrees with the vendor's, so set the clock of the machine that signs"),
            (3, 1.6, False, "(median 95 s, at most 95 s). This machine's clock is behind Login's. Set it by NTP"),
        ],
    )
    def test_tells_what_tokens_of_the_future_say_of_the_clock(self, acme, count, minutes, is_ok, words):
        ClockOffset.objects.create(integration=acme, slot_at=NOW, ahead_s=95, count=count)
        check = checked(date=NOW + timedelta(minutes=minutes))["clock_of_tokens"]
        assert (check.is_ok, words in check.sentence) == (is_ok, True)

    def test_never_says_a_secret(self):
        said = " ".join(check.sentence for check in checked({"/chat/agents/me": (401, {})}).values())
        assert not any(one in said for one in (LOGIN_SECRET_KEY, ZENDESK_ACCESS_TOKEN, ZENDESK_SHARED_SECRET))
