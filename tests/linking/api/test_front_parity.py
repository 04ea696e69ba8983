"""The front and the view give the same answer, byte for byte, to everything that can be sent to them."""

import base64
import itertools
import json
import logging

import pytest

from linking.api import token as token_view
from linking.api.front import TokenFront
from linking.models import Integration
from linking.tokens import endpoint as tokens
from tests.factories import LOGIN_PROJECT_ID, ORIGIN, login_jwt, make_integration
from tests.linking.api.wsgi_client import HOST, Sent, environ_of, send
from zdbridge.serving.proxies import TrustedProxies

pytestmark = pytest.mark.django_db
OTHER_PROJECT, OTHER_SECRET = "00000000-0000-4000-8000-000000000001", "login-secret-key-of-other-for-tests-only"
OTHER_ORIGIN = "https://other.example"
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "GETS")
PATHS = (
    "/generate/token", "/generate/token?", "/generate/token?token=x&format=api", "/generate/token/acme",
    "/generate/token/other", "/generate/token/off", "/generate/token/unready", "/generate/token/unknown",
    "/generate/token/ACME", "/generate/token/acme?x=/", "/generate/tok%65n", "/%67enerate/token/%61cme",
    "/generate/token/acme%20", "/generate/token/acme%00", "/generate/token/acme%0A", "/generate/token/%D0%B0cme",
    "/generate/token/%FF%FE", "/generate/token/%C3%A9%FF", "/generate/token/%ED%A0%80", "/generate/token/..",
    "/generate/token/" + "a" * 5000, "/generate/token/acme;x=1", "/generate/token/acme%3Fx",
    "/generate/token/a.b.c", "/generate/token/%25", "/generate/token/%E2%80%AE", "/generate/token/",
    "/generate/token/acme/", "/generate/token//", "/generate/token/a/b", "/generate/token/a%2Fb", "/generate%2Ftoken/",
    "/generate/token%2F",
)  # fmt: skip
NEIGHBOURS = (
    "//generate/token", "/generate//token", "/generate/tokens", "/Generate/token", "/generate", "/", "", "*",
    "/generate/./token", "/generate/x/../token", "/generate/token%0A", "/generate/token%20", "/generate/token\\acme",
)  # fmt: skip


def b64(text):
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def hostile_tokens():
    good = login_jwt()
    head, body, signature = good.split(".")
    claims = base64.urlsafe_b64decode(body + "==").decode()
    yield from (good, "", " ", "x", "a.b", "a.b.c", "...", f"{head}.{body}.", f".{body}.{signature}", good + "=")
    yield from (good + ".x", f'"{good}"', f" {good}", f"{good} ", good.replace(".", "%2E"), good[:-1], good + "A")
    yield from (good[::-1], good + "&x=1", "é" + good, good + "\x00", "Bearer " + good, good * 20, "." * 9000)
    headers = (
        '{"alg":"none"}', '{"alg":"HS256","alg":"none"}', '{"alg":"RS256"}', '{"alg":"HS256","jku":"https://e"}', "{",
        '{"typ":"JWT"}', '{"alg":"HS256","kid":7}', "[]",
    )  # fmt: skip
    yield from (f"{b64(header)}.{body}.{signature}" for header in headers)
    payloads = ("", "{}", "[]", "{" * 3000, "[" * 5000, claims[:-1] + ',"sub":"x"}', '{"exp":NaN}', '{"exp":1e999}')
    yield from (f"{head}.{b64(payload)}.{signature}" for payload in payloads)
    changes = (
        {"exp": 1}, {"exp": "9999999999"}, {"exp": ...}, {"exp": True}, {"exp": 10**400}, {"iat": 4_000_000_000},
        {"iat": None}, {"nbf": "x"}, {"iss": "https://evil.example"}, {"sub": ...}, {"sub": ""},
        {"sub": "null"}, {"sub": 7}, {"sub": "a\x00b"}, {"sub": "x" * 300}, {"sub": "\u202eevil"}, {"sub": "ядро"},
        {"email": ...}, {"email": "ü@e.example"}, {"email": 7}, {"username": "\u202e\U0001f600"}, {"aud": "x"},
        {"aud": []}, {"type": "server"}, {"request_type": 1}, {"xsolla_login_project_id": ...},
        {"xsolla_login_project_id": OTHER_PROJECT}, {"xsolla_login_project_id": [1]}, {"secret": "x" * 32},
        {"secret": OTHER_SECRET, "xsolla_login_project_id": OTHER_PROJECT},
    )  # fmt: skip
    yield from (login_jwt(**change) for change in changes)


def hostile_headers():
    good = login_jwt()
    cookie, bearer, origin = ("Cookie", f"token={good}"), ("Authorization", f"Bearer {good}"), ("Origin", ORIGIN)
    yield from ((), (cookie,), (bearer,), (cookie, bearer), (cookie, origin), (cookie, ("Origin", OTHER_ORIGIN)))
    for text in ("", "null", "*", "https://evil.example", ORIGIN + "/", ORIGIN.upper(), f"{ORIGIN},{ORIGIN}", " ", "é"):
        yield (cookie, ("Origin", text))
    yield from ((cookie, origin, origin), (cookie, origin, ("Origin", OTHER_ORIGIN)))
    for mode in ("cors", "same-origin", "navigate", "no-cors", "websocket", "NAVIGATE", ""):
        yield (cookie, origin, ("Sec-Fetch-Mode", mode))
    for line in (
        "",
        "token",
        "token=",
        "=",
        ";",
        ";;;",
        "token==",
        f"token={good}; token=x",
        f"a=1;token={good}",
        "x" * 60_000,
    ):
        yield (("Cookie", line),)
    yield from ((cookie, cookie), (cookie, ("Cookie", "token=x")), (("Cookie", f"a=1,token={good}"),))
    for words in (
        "Bearer",
        "Bearer ",
        "bearer x",
        f"Bearer  {good}",
        f"Bearer {good},Bearer {good}",
        "Basic eA==",
        "é",
        "\t",
    ):
        yield (("Authorization", words), cookie)
    yield from (
        (cookie, ("Content-Length", "x")),
        (cookie, ("Content-Length", "-1")),
        (cookie, ("Content-Type", "a;b=\x00")),
    )
    yield from ((cookie, ("Content-Encoding", "gzip")), (cookie, ("X-HTTP-Method-Override", "DELETE")))
    yield from ((cookie, ("Accept", "text/html")), (cookie, ("X-Forwarded-For", "10.0.0.1")), (cookie, ("Expect", "1")))
    preflight = (origin, ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "x" * 5000))
    yield from (
        preflight,
        (cookie, ("If-None-Match", "*")),
        (cookie, ("Range", "bytes=0-1")),
        (cookie, ("Origin_", "x")),
    )


@pytest.fixture
def integrations(settings, time_machine):
    settings.LINKING = settings.LINKING | {"TOKEN_LIMIT_PER_ADDRESS": 0, "TOKEN_LIMIT_PER_USER": 0}
    token_view.forget_limits()
    time_machine.move_to(1_767_225_600, tick=False)
    make_integration(slug="off", name="Off", enabled=False, login_project_id="00000000-0000-4000-8000-000000000003")
    unready = {"login_project_id": "00000000-0000-4000-8000-000000000002", "secrets": {"login_secret_key": ""}}
    make_integration(slug="unready", name="Unready", **unready)
    other = {"login_project_id": OTHER_PROJECT, "secrets": {"login_secret_key": OTHER_SECRET}}
    make_integration(slug="other", name="Other", allowed_origins=[OTHER_ORIGIN], **other)
    return make_integration()


def passed_on(environ, start_response):
    start_response("299 Passed on", [])
    return [environ["PATH_INFO"].encode("latin-1")]


def caller(*, is_direct, **options):
    front = TokenFront(application=passed_on, is_direct=is_direct, **({"allowed_hosts": ["testserver"]} | options))
    proxies = TrustedProxies(networks=())

    def answer(environ, start_response):
        proxies.resolve_client(environ)
        return front(environ, start_response)

    return answer


def both(*, options=None, **request) -> tuple[Sent, Sent]:
    request["headers"] = (HOST, *request.get("headers", ()))
    ask = [send(caller(is_direct=is_direct, **(options or {})), environ_of(**request)) for is_direct in (True, False)]
    return ask[0], ask[1]


def differing(requests):
    """The requests that the two callers answer differently, and how many were compared."""
    asked = [(request, *both(**request)) for request in requests]
    return [one for one in asked if one[1] != one[2]], len(asked)


class TestBothCallersAgree:
    @pytest.mark.parametrize("method", METHODS)
    def test_on_every_path_and_header(self, integrations, method):
        # The methods that are refused alike need not meet every path.
        paths = PATHS if method in tokens.METHODS else PATHS[::3]
        requests = itertools.product(paths, hostile_headers())
        wrong, count = differing({"method": method, "target": path, "headers": headers} for path, headers in requests)
        assert (wrong, count > 400) == ([], True)

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
    @pytest.mark.parametrize("path", ["/generate/token", "/generate/token/acme", "/generate/token/other"])
    def test_on_every_token(self, integrations, method, path):
        forms = (lambda token: ("Cookie", f"token={token}"), lambda token: ("Authorization", f"Bearer {token}"))
        origins = ((), (("Origin", ORIGIN),), (("Origin", OTHER_ORIGIN),))
        requests = (
            {"method": method, "target": path, "headers": (form(token), *origin)}
            for token, form, origin in itertools.product(hostile_tokens(), forms, origins)
        )
        wrong, count = differing(requests)
        assert (wrong, count > 400) == ([], True)

    @pytest.mark.parametrize("path", NEIGHBOURS)
    def test_on_what_is_not_theirs(self, integrations, path):
        front, view = both(target=path, headers=(("Cookie", f"token={login_jwt()}"),))
        assert front == view
        assert front.status == "299 Passed on"

    @pytest.mark.parametrize("host", ["", "evil.example", "testserver.evil.example", "testserver:x", "a b", "é"])
    def test_on_hosts_that_are_not_ours(self, integrations, host):
        answers = [send(caller(is_direct=one), environ_of(headers=(("Host", host),))) for one in (True, False)]
        assert [answer.status for answer in answers] == ["299 Passed on"] * 2

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_on_https(self, integrations, scheme):
        options = {"is_https_only": True, "more_headers": (("Strict-Transport-Security", "max-age=60"),)}
        front, view = both(options=options, scheme=scheme)
        assert front == view
        assert (front.status == "299 Passed on") == (scheme == "http")

    def test_while_nothing_is_configured(self, integrations):
        Integration.objects.all().delete()
        front, view = both()
        assert front == view

    @pytest.mark.parametrize("name", ["TOKEN_LIMIT_PER_ADDRESS", "TOKEN_LIMIT_PER_USER"])
    def test_on_limits(self, integrations, settings, name):
        settings.LINKING = settings.LINKING | {name: 1}
        answers = []
        for is_direct in (True, False):
            token_view.forget_limits()
            ask = environ_of(headers=(HOST, ("Cookie", f"token={login_jwt()}"), ("Origin", ORIGIN)))
            answers.append([send(caller(is_direct=is_direct), dict(ask)) for _ in range(2)])
        assert answers[0] == answers[1]
        assert answers[0][1].status == "429 Too Many Requests"

    def test_and_share_their_counts(self, integrations, settings):
        settings.LINKING = settings.LINKING | {"TOKEN_LIMIT_PER_ADDRESS": 1}
        token_view.forget_limits()
        assert [one.status[:3] for one in both()] == ["401", "429"]


class TestCorpus:
    """The corpus is worth replaying only as long as it reaches the whole endpoint."""

    def test_reaches_every_status(self, integrations):
        requests = [{"headers": (("Cookie", f"token={token}"),)} for token in hostile_tokens()]
        requests += [{"target": path} for path in PATHS] + [{"method": method} for method in METHODS]
        requests += [{"headers": headers} for headers in hostile_headers()]
        statuses = {int(both(**request)[0].status[:3]) for request in requests}
        assert statuses >= {200, 204, 401, 403, 404, 405, 422}

    def test_reaches_most_reasons(self, integrations):
        bodies = [both(headers=(("Cookie", f"token={token}"),))[0].body for token in hostile_tokens()]
        assert len({json.loads(body).get("reason") for body in bodies}) >= 20

    def test_names_the_project_of_the_integration(self, integrations):
        assert integrations.login_project_id == LOGIN_PROJECT_ID


class TestAccidents:
    @pytest.fixture
    def token(self, integrations, monkeypatch):
        token = login_jwt()

        def break_down(*_):
            raise RuntimeError(f"while reading {token}")

        monkeypatch.setattr(tokens, "serve", break_down)
        return token

    def test_are_answered_alike(self, token):
        front, view = both(headers=(("Cookie", f"token={token}"),))
        assert front == view
        assert (front.status, dict(front.headers)["Cache-Control"]) == ("500 Internal Server Error", "no-store")

    def test_show_and_log_nothing_of_the_token(self, token, caplog):
        with caplog.at_level(logging.DEBUG):
            front, view = both(target=f"/generate/token/{token}", headers=(("Cookie", f"token={token}"),))
        handler = next(one for one in logging.getLogger("django").handlers if one.formatter is not None)
        lines = [handler.format(record) for record in caplog.records if handler.filter(record)]
        assert len(lines) == 2
        assert token not in "".join(lines)
        assert token.encode() not in front.body + view.body
