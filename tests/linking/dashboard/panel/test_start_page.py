import re

import pytest
from django.db import OperationalError
from django.test import Client

from linking.dashboard.panel import start_page
from linking.limits import Limiter
from linking.panel import starts
from tests.factories import make_integration
from tests.linking.dashboard.reading import read
from tests.linking.panel.zendesk import AUDIENCE, set_up_app, sign_start

pytestmark = pytest.mark.django_db
PATH = "/panel/acme/"


@pytest.fixture
def acme():
    return make_integration(**set_up_app())


def start(token=None, *, path=PATH, **headers):
    return Client(enforce_csrf_checks=True).post(path, {} if token is None else {"token": token}, headers=headers)


def directive(response, name):
    found = re.search(rf"(?:^|; ){name} ([^;]+)", response["Content-Security-Policy"])
    return found[1] if found else ""


def reason(response):
    return read(response).one("section", id="refused").attributes["data-reason"]


class TestGoodStart:
    def test_opens_the_panel_with_a_pass(self, acme):
        response = start(sign_start())
        panel = read(response).one("main", id="panel").attributes
        assert (response.status_code, panel["data-state"], panel["data-location"]) == (
            200, "loading", "ticket_sidebar",
        )  # fmt: skip
        assert panel["data-pass"]

    def test_may_be_framed_by_the_account_only(self, acme):
        response = start(sign_start())
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"
        assert "X-Frame-Options" not in response

    def test_sets_no_cookie_and_reads_no_session(self, acme, django_assert_num_queries):
        browser = Client(enforce_csrf_checks=True)
        browser.cookies["zdbridge_sessionid"] = "made-up-but-long-enough"
        start(sign_start())  # the configuration is in memory from here on
        with django_assert_num_queries(5):  # drop old ones, look, savepoint, note, release
            response = browser.post(PATH, {"token": sign_start()})
        assert (response.status_code, dict(response.cookies)) == (200, {})
        assert "Cookie" not in response.get("Vary", "")

    def test_is_kept_by_no_cache(self, acme):
        assert "no-store" in start(sign_start())["Cache-Control"]

    def test_lets_in_its_own_scripts_and_zendesks(self, acme):
        response = start(sign_start())
        sdk = "https://static.zdassets.com/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"
        assert directive(response, "script-src") == f"'self' {sdk}"
        assert directive(response, "default-src") == "'none'"
        assert sdk in [script.attributes.get("src") for script in read(response).all("script")]

    @pytest.mark.parametrize(("asked", "given"), [("dark", "dark"), ("light", "light"), ('"><b>', None)])
    def test_begins_in_the_theme_that_zendesk_names(self, acme, asked, given):
        response = Client().post(f"{PATH}?colorScheme={asked}", {"token": sign_start()})
        assert read(response).one("html").attributes.get("data-theme") == given


class TestRefusedStart:
    @pytest.mark.parametrize(
        ("token", "expected"),
        [
            (lambda: sign_start(now=1), "expired"),
            (lambda: sign_start(nbf=4_000_000_000), "not_yet_valid"),
            (lambda: sign_start(key="foreign"), "signature"),
            (lambda: sign_start(aud=AUDIENCE.replace("5001", "5002")), "audience"),
            (lambda: sign_start(iss="other.zendesk.com"), "issuer"),
            (lambda: "no token", "malformed"),
            (lambda: "", "no_token"),
            (lambda: None, "no_token"),
            (lambda: "x" * 40_000, "too_large"),
        ],
    )
    def test_says_why_in_words_and_gives_no_pass(self, acme, token, expected):
        response = start(token())
        assert (response.status_code, reason(response)) == (403, expected)
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"
        assert "data-pass" not in response.content.decode()
        assert len(read(response).one("section", id="refused").text) > 40

    def test_is_a_second_one_with_the_same_token(self, acme):
        token = sign_start()
        assert (start(token).status_code, reason(start(token))) == (200, "replayed")

    def test_is_one_with_two_tokens(self, acme):
        response = Client().post(PATH, {"token": [sign_start(), sign_start()]})
        assert (response.status_code, reason(response)) == (403, "no_token")

    def test_is_one_without_post(self, acme):
        response = Client().get(PATH)
        assert (response.status_code, reason(response)) == (403, "no_token")

    def test_is_every_one_before_the_key_is_set(self):
        make_integration()
        response = start(sign_start())
        assert (response.status_code, reason(response)) == (403, "no_key")
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"

    def test_is_every_one_of_an_integration_that_is_switched_off(self):
        make_integration(enabled=False, **set_up_app())
        assert reason(start(sign_start())) == "switched_off"

    def test_of_an_unknown_integration_is_framed_by_nobody(self, db):
        response = start(sign_start(), path="/panel/nope/")
        assert (response.status_code, reason(response)) == (403, "no_integration")
        assert directive(response, "frame-ancestors") == "'none'"

    def test_never_says_the_token_again(self, acme):
        assert "hostile-text" not in start("hostile-text").content.decode()

    def test_comes_later_when_too_many_came(self, acme, monkeypatch):
        monkeypatch.setattr(start_page, "_limiter", Limiter(per_minute=1))
        start("x")
        response = start(sign_start())
        assert (response.status_code, reason(response), response["Retry-After"]) == (429, "too_many", "5")

    def test_comes_later_without_the_database(self, acme, monkeypatch):
        def fail(*_args, **_values):
            raise OperationalError

        monkeypatch.setattr(starts, "_take_once", fail)
        response = start(sign_start())
        assert (response.status_code, reason(response)) == (503, "unavailable")
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"

    def test_explains_every_reason(self):
        assert set(start_page.REFUSALS) == set(start_page.StartReason)


class TestStandIn:
    """An account on this machine, as in the demo: its page is at its own address, and Zendesk's script too."""

    @pytest.fixture
    def demo(self, settings):
        settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True}
        make_integration(zendesk_api_url="http://127.0.0.1:9100/support/api/v2", **set_up_app())

    def test_may_frame_the_panel_that_it_asks_for(self, demo):
        response = start(sign_start(), Origin="http://127.0.0.1:9100")
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com http://127.0.0.1:9100"
        assert directive(response, "script-src").startswith("'self' http://127.0.0.1:9100/")

    @pytest.mark.parametrize("origin", ["http://127.0.0.1:9101", "http://evil.example", "null", ""])
    def test_is_nobody_else(self, demo, origin):
        response = start(sign_start(), Origin=origin)
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"

    def test_is_nobody_where_loopback_is_not_allowed(self, demo, settings):
        settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": False}
        response = start(sign_start(), Origin="http://127.0.0.1:9100")
        assert directive(response, "frame-ancestors") == "https://acme.zendesk.com"
