"""Which pages of one's own account there are, and what mail changes about them."""

import re
from concurrent.futures import Executor, Future

import pytest
from django.core import mail as outbox
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, get_resolver

from linking.accounts import mail
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
# The whole list. A page that is not in it does not exist, whatever the library brings with its next version.
ROUTES = {
    "2fa/",
    "2fa/authenticate/",
    "2fa/reauthenticate/",
    "2fa/recovery-codes/",
    "2fa/recovery-codes/download/",
    "2fa/recovery-codes/generate/",
    "2fa/totp/activate/",
    "2fa/totp/deactivate/",
    "2fa/webauthn/",
    "2fa/webauthn/add/",
    "2fa/webauthn/keys/<int:pk>/edit/",
    "2fa/webauthn/keys/<int:pk>/remove/",
    "2fa/webauthn/reauthenticate/",
    "link/<str:token>/",
    "invitation/<str:token>/",
    "login/",
    "logout/",
    "own-password/",
    "password/change/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/",
    "password/reset/key/done/",
    "password/set/",
    "reauthenticate/",
    "sign-ins/",
    "sign-ins/<int:key>/end/",
    "sign-ins/end-all/",
    "single-sign-on/",
    "single-sign-on/own/",
    "single-sign-on/return/",
    "language/",
    "time-zone/",
    "tokens/",
    "tokens/<int:token_id>/revoke/",
}
RESET_PAGES = ["", "done/", "key/1-abc/", "key/done/"]
GONE = ["signup/", "confirm-email/", "confirm-email/abc/", "inactive/", "email/", "login/code/", "3rdparty/"]


class AtOnce(Executor):
    """Does in the caller's time what is meant for the background."""

    def submit(self, fn, /, *args, **kwargs):
        done = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture
def with_mail(settings, monkeypatch):
    settings.LINKING = settings.LINKING | {"HAS_MAIL": True}
    monkeypatch.setattr(mail, "_SENDER", AtOnce())
    monkeypatch.setattr(mail, "HEAD_START_S", 0)
    cache.clear()


def routes(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLPattern):
            yield re.sub(r"\\Z|\$", "", route)
        else:
            yield from routes(pattern, route)


def ask(client, address="ada@shop.example"):
    return client.post("/accounts/password/reset/", {"email": address})


class TestRoutes:
    def test_are_the_listed_ones(self):
        found = {route.removeprefix("accounts/") for route in routes() if route.startswith("accounts/")}
        assert found == ROUTES

    @pytest.mark.parametrize("path", GONE)
    @pytest.mark.parametrize("who", ["nobody", "agent"])
    def test_of_the_library_that_are_not_wanted_are_gone(self, sign_in, who, path):
        browser = sign_in(who)
        assert (browser.get(f"/accounts/{path}").status_code, browser.post(f"/accounts/{path}").status_code) == (
            404,
            404,
        )


class TestWithoutMail:
    @pytest.mark.parametrize("path", RESET_PAGES)
    @pytest.mark.parametrize("who", ["nobody", "agent"])
    def test_there_is_no_reset(self, sign_in, who, path):
        browser, url = sign_in(who), f"/accounts/password/reset/{path}"
        assert (browser.get(url).status_code, browser.post(url, {"email": "a@b.example"}).status_code) == (404, 404)

    @pytest.mark.parametrize(
        "path", ["/accounts/login/", "/accounts/reauthenticate/", "/accounts/password/change/", "/accounts/2fa/"]
    )
    def test_nothing_leads_to_it(self, client, sign_in, path):
        browser = client if path == "/accounts/login/" else sign_in("agent")
        assert "password/reset" not in browser.get(path).content.decode()

    def test_nobody_is_written_to(self, client):
        person = make_person("ada", email="ada@shop.example")
        ask(client)
        client.force_login(person)
        words = {"oldpassword": "a long password of theirs", "password1": "correct horse", "password2": "correct horse"}
        client.post("/accounts/password/change/", words)
        assert outbox.outbox == []


class TestReset:
    @pytest.fixture(autouse=True)
    def ada(self, with_mail):
        return make_person("ada", email="ada@shop.example")

    def follow(self, client):
        path = re.search(r"https?://[^/\s]+(/\S+)", outbox.outbox[0].body)[1]
        return client.get(path, follow=True)

    def test_is_offered_at_sign_in(self, client):
        assert read(client.get("/accounts/login/")).one("a", href="/accounts/password/reset/")

    def test_sends_a_link_in_words_of_ours(self, client):
        ask(client)
        (message,) = outbox.outbox
        assert (message.to, message.subject) == (["ada@shop.example"], "zdbridge: choose a new password")
        assert "for the account ada at zdbridge" in message.body

    def test_of_a_link_sets_a_password_and_signs_nobody_in(self, client):
        ask(client)
        page = self.follow(client)
        words = {"password1": "correct horse battery", "password2": "correct horse battery"}
        done = client.post(page.request["PATH_INFO"], words, follow=True)
        assert read(done).one("h1").text == "The password is set"
        assert "_auth_user_id" not in client.session
        assert Client().login(username="ada", password="correct horse battery")

    def test_link_works_once(self, client):
        ask(client)
        page = self.follow(client)
        words = {"password1": "correct horse battery", "password2": "correct horse battery"}
        client.post(page.request["PATH_INFO"], words)
        assert read(self.follow(Client())).one("h1").text == "This link does not work"

    def test_answers_the_same_where_nobody_has_the_address(self, client):
        known, unknown = ask(client), ask(Client(), "nobody@shop.example")
        assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
        assert [message.to for message in outbox.outbox] == [["ada@shop.example"]]

    def test_waits_for_no_mail_server(self, client, monkeypatch):
        waiting = []
        monkeypatch.setattr(mail, "send_in_background", waiting.append)
        ask(client)
        assert (len(waiting), outbox.outbox) == (1, [])

    def test_writes_to_nobody_whose_account_is_switched_off(self, client, ada):
        ada.is_active = False
        ada.save()
        ask(client)
        assert outbox.outbox == []

    def test_is_limited(self, client):
        answers = [ask(client).status_code for _try in range(7)]
        assert (answers[-1], len(outbox.outbox)) == (429, 5)

    def test_too_many_is_said_in_words(self, client):
        page = [ask(client) for _try in range(7)][-1]
        assert read(page).one("h1").text == "Too many attempts"
