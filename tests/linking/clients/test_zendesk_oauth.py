"""The token address, against answers a test writes and against the sandbox."""

import json
import socket
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest

from linking.clients.oauth_messages import AUTHORIZE_PATH
from linking.clients.zendesk_oauth import OAuthClient, OAuthLost, OAuthRefused, OAuthTryLater
from tests.linking.scripted_server import answer, scripted
from tests.sandbox_process import sandbox_process

SECRET = "client-secret-of-acme-for-tests-only"
REFRESH = "refresh-token-canary"
TOKENS = json.dumps({"access_token": "a.1", "refresh_token": "r.2", "expires_in": 60}).encode()
BACK = "http://127.0.0.1:8000/zendesk/callback/"


def client(url, **changes):
    options = {"client_id": "acme-client", "client_secret": SECRET, "allow_loopback": True} | changes
    return OAuthClient(authority=url, **options)


def refreshed(script):
    with scripted(script) as server:
        return client(server.url).refresh(refresh_token=REFRESH)


class TestExchange:
    def test_sends_the_code_with_its_redirect_and_the_client(self):
        with scripted(answer(TOKENS)) as server:
            client(server.url).exchange(code="c.1", redirect_url=BACK)
        head, _, body = server.heads[0].partition("\r\n\r\n")
        assert head.startswith("POST /oauth2/chat/token ")
        assert {name: value[0] for name, value in parse_qs(body).items()} == {
            "grant_type": "authorization_code", "code": "c.1", "redirect_uri": BACK, "scope": "read",
            "client_id": "acme-client", "client_secret": SECRET,
        }  # fmt: skip


class TestGrant:
    def test_asks_for_the_client_itself_at_the_address_of_the_account(self):
        with scripted(answer(json.dumps({"access_token": "a.1", "token_type": "bearer"}).encode())) as server:
            found = client(server.url + "/support", token_path="/oauth/tokens").grant(life_s=7200)
        head, _, body = server.heads[0].partition("\r\n\r\n")
        assert head.startswith("POST /support/oauth/tokens ")
        assert {name: value[0] for name, value in parse_qs(body).items()} == {
            "grant_type": "client_credentials", "scope": "read", "expires_in": "7200", "client_id": "acme-client",
            "client_secret": SECRET,
        }  # fmt: skip
        assert (found.access_token, found.refresh_token, found.life_s) == ("a.1", "", None)

    def test_tells_a_refused_client(self):
        refusal = answer(b'{"error":"invalid_client","error_description":"no"}', status="401 Unauthorized")
        with scripted(refusal) as server, pytest.raises(OAuthRefused) as caught:
            client(server.url, token_path="/oauth/tokens").grant(life_s=7200)
        assert caught.value.code == "invalid_client"


class TestRefresh:
    def test_brings_the_next_pair(self):
        found = refreshed(answer(TOKENS))
        assert (found.access_token, found.refresh_token, found.life_s) == ("a.1", "r.2", 60)

    @pytest.mark.parametrize(
        ("script", "code"),
        [
            (answer(b'{"error":"invalid_grant"}', status="400 Bad"), "invalid_grant"),
            (answer(b'{"error":"invalid_client"}', status="401 No"), "invalid_client"),
            (answer(b"<html>", status="403 No", headers="Content-Type: text/html"), "http_403"),
            (answer(b"", status="404 No"), "address"),
        ],
    )
    def test_takes_a_refusal_as_final(self, script, code):
        with pytest.raises(OAuthRefused) as caught:
            refreshed(script)
        assert caught.value.code == code

    @pytest.mark.parametrize("status", ["408 Slow", "429 Slow", "503 Away"])
    def test_tries_later_where_nothing_was_done(self, status):
        with pytest.raises(OAuthTryLater) as caught:
            refreshed(answer(b"", status=status, headers="Retry-After: 7"))
        assert caught.value.retry_after_s == 7

    def test_tries_later_where_nothing_was_sent(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(OAuthTryLater):
            client(f"http://127.0.0.1:{port}").refresh(refresh_token=REFRESH)

    @pytest.mark.parametrize(
        "script",
        [
            b"",
            answer(TOKENS)[:-5],
            answer(b"", status="500 Broken"),
            answer(b"", status="502 Broken"),
            answer(b"", status="302 Found", headers="Location: http://127.0.0.1:1/"),
            answer(b"<html>"),
            answer(b'{"token_type":"bearer"}'),
        ],
    )
    def test_takes_the_token_for_lost_where_nobody_knows(self, script):
        with pytest.raises(OAuthLost):
            refreshed(script)

    def test_takes_silence_for_lost(self, monkeypatch):
        monkeypatch.setattr("linking.clients.outbound.READ_TIMEOUT_S", 0.2)
        with pytest.raises(OAuthLost):
            refreshed(lambda connection, _head: connection.recv(1))

    def test_sends_nothing_to_an_address_that_may_not_be_called(self):
        for url in ("https://evil.example", "http://10.0.0.1", "http://acme.zendesk.com"):
            with pytest.raises(OAuthRefused) as caught:
                client(url)
            assert caught.value.code == "address"

    def test_shows_no_credential_in_an_error(self):
        with pytest.raises(OAuthRefused) as caught:
            refreshed(answer(b'{"error":"invalid_grant"}', status="400 Bad"))
        shown = f"{caught.value!r} {caught.value.description} {caught.value.code}"
        assert SECRET not in shown and REFRESH not in shown


@pytest.fixture(scope="module")
def sandbox():
    with sandbox_process() as found:
        yield found


class _Still(HTTPRedirectHandler):
    def http_error_302(self, _request, answer, *_details):
        return answer


class TestSandbox:
    """The same calls against a program that shares no code with this one."""

    CLIENT = {"client_id": "sandbox-public-client", "client_secret": "sandbox-public-client-secret-not-real"}

    def code(self, sandbox):
        query = {"response_type": "code", "redirect_uri": BACK, "scope": "read", "client_id": self.CLIENT["client_id"]}
        url = f"{sandbox.url}{AUTHORIZE_PATH}?{urlencode(query)}"
        with build_opener(_Still).open(url) as found:
            return parse_qs(urlsplit(found.headers["Location"]).query)["code"][0]

    def test_goes_the_whole_way_round_once(self, sandbox):
        sandbox.control("faults", token_life_s=3600)
        one = client(sandbox.url, **self.CLIENT)
        first = one.exchange(code=self.code(sandbox), redirect_url=BACK)
        second = one.refresh(refresh_token=first.refresh_token)
        with pytest.raises(OAuthRefused) as caught:
            one.refresh(refresh_token=first.refresh_token)
        assert (first.life_s, second.access_token != first.access_token, caught.value.code) == (
            3600, True, "invalid_grant",
        )  # fmt: skip

    def test_knows_a_wrong_client(self, sandbox):
        one = client(sandbox.url, **(self.CLIENT | {"client_secret": "wrong"}))
        with pytest.raises(OAuthRefused) as caught:
            one.exchange(code=self.code(sandbox), redirect_url=BACK)
        assert caught.value.code == "invalid_client"
