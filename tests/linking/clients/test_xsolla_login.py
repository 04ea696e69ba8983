import json

import pytest

from linking.clients.xsolla_login import KeyEncoding, LoginBroken, LoginClient, LoginRefused, LoginTryLater
from tests.linking.scripted_server import scripted

KEY = {"kty": "RSA", "kid": "1", "n": "abc", "e": "AQAB", "use": "sig", "alg": "RS256"}


def answer(body: object, *, status: str = "200 OK", headers: str = "") -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{headers}Connection: close\r\n\r\n".encode() + content
    )


def by_path(**answers: bytes):
    """Answers by the last part of the path: `jwks` and `keys`."""

    def script(connection, head):
        name = "jwks" if "jwks.json" in head.split("\r\n")[0] else "keys"
        connection.sendall(answers[name])

    return script


def key_set(script, project_id="p1"):
    with scripted(script) as server:
        client = LoginClient(base_url=server.url, allow_loopback=True)
        try:
            return client.key_set(project_id=project_id), server.heads
        finally:
            client.close()


class TestKeySet:
    def test_is_the_standard_one_where_it_has_keys(self):
        found, heads = key_set(by_path(jwks=answer({"keys": [KEY]})))
        assert (found.encoding, found.keys, len(heads)) == (KeyEncoding.BASE64URL, (KEY,), 1)

    @pytest.mark.parametrize("jwks", [answer({"keys": []}), answer({}, status="404 Not Found")])
    def test_is_the_older_list_where_the_standard_one_is_empty_or_missing(self, jwks):
        found, _heads = key_set(by_path(jwks=jwks, keys=answer([KEY])))
        assert (found.encoding, found.keys) == (KeyEncoding.HEXADECIMAL, (KEY,))

    @pytest.mark.parametrize("keys", [answer([]), answer({})])
    def test_may_be_empty(self, keys):
        assert key_set(by_path(jwks=answer({"keys": []}), keys=keys))[0].keys == ()

    def test_of_an_unknown_project_is_refused(self):
        missing = answer({}, status="404 Not Found")
        with pytest.raises(LoginRefused) as raised:
            key_set(by_path(jwks=missing, keys=missing))
        assert raised.value.reason == "project"

    @pytest.mark.parametrize(
        ("jwks", "wait_s"),
        [
            (answer({}, status="429 Too Many", headers="Retry-After: 7\r\n"), 7),
            (answer({}, status="429 Too Many"), 0),
            (answer({}, status="503 Away"), 0),
        ],
    )
    def test_is_tried_later_when_login_is_busy(self, jwks, wait_s):
        with pytest.raises(LoginTryLater) as raised:
            key_set(by_path(jwks=jwks))
        assert raised.value.retry_after_s == pytest.approx(wait_s, abs=1)

    @pytest.mark.parametrize(
        "jwks",
        [
            answer(b"<html>"),
            answer({"keys": "x"}),
            answer({"keys": [1]}),
            answer(b"\xff"),
            answer({}, status="302 Found", headers="Location: https://evil.example/\r\n"),
            answer({"keys": [KEY] * 4000}),
            answer(b"[" * 100_000),
        ],
    )
    def test_that_makes_no_sense_is_broken(self, jwks):
        with pytest.raises(LoginBroken):
            key_set(by_path(jwks=jwks, keys=answer([])))

    def test_keeps_a_hostile_project_id_in_its_place(self):
        _found, heads = key_set(by_path(jwks=answer({"keys": [KEY]})), project_id="../../x?y#z")
        assert heads[0].startswith("GET /projects/..%2F..%2Fx%3Fy%23z/jwks.json HTTP/1.1")


class TestLoginClient:
    @pytest.mark.parametrize(
        "url", ["http://login.xsolla.com/api", "http://127.0.0.1:1/", "ftp://x", "https://u:p@x.example"]
    )
    def test_refuses_an_address_that_may_not_be_called(self, url):
        with pytest.raises(LoginRefused) as raised:
            LoginClient(base_url=url, allow_loopback=False)
        assert raised.value.reason == "host"

    def test_says_later_when_nobody_listens(self):
        client = LoginClient(base_url="http://127.0.0.1:1", allow_loopback=True)
        with pytest.raises(LoginTryLater):
            client.key_set(project_id="p")
