import json
import logging
import threading

import jwt
import pytest
from django.db import OperationalError
from django.test import Client

from linking import registry
from linking.api import token as token_view
from linking.models import LoginUser
from linking.tokens import endpoint as tokens
from linking.tokens import sightings
from tests.factories import ORIGIN, USER_ID, ZENDESK_SHARED_SECRET, login_jwt, make_integration

pytestmark = pytest.mark.django_db
URL = "/generate/token"


@pytest.fixture(autouse=True)
def counting_anew():
    token_view.forget_limits()
    yield
    token_view.forget_limits()


@pytest.fixture
def acme():
    return make_integration()


def ask(*, method="GET", url=URL, token=None, client=None, **environ):
    if token is not None:
        environ["HTTP_COOKIE"] = f"token={token}"
    return (client or Client()).generic(method, url, **environ)


class TestTokenView:
    @pytest.mark.parametrize("url", [URL, "/generate/token/acme"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_gives_a_token(self, acme, url, method):
        body = ask(method=method, url=url, token=login_jwt()).json()
        claims = jwt.decode(body["token"], ZENDESK_SHARED_SECRET, algorithms=["HS256"])
        assert claims["external_id"] == USER_ID

    def test_asks_the_database_nothing(self, acme, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert ask(token=login_jwt()).status_code == 200

    def test_passes_on_the_answer_as_it_is(self, acme, monkeypatch):
        given = tokens.TokenAnswer(status=418, headers=(("X-One", "1"), ("Content-Length", "2")), body=b"\xff\x00")
        monkeypatch.setattr(tokens, "serve", lambda *_: given)
        response = ask()
        assert (response.status_code, response.content, response["X-One"]) == (418, b"\xff\x00", "1")
        assert "Content-Type" not in response.headers

    def test_answers_json_whatever_the_browser_accepts(self, acme):
        response = ask(token=login_jwt(), HTTP_ACCEPT="text/html", url=URL + "?format=api")
        assert response["Content-Type"] == "application/json"

    def test_ignores_a_token_in_the_query_string(self, acme):
        response = ask(url=f"{URL}?token={login_jwt()}")
        assert (response.status_code, response.json()["code"]) == (401, "00-00")

    def test_ignores_a_token_in_the_body(self, acme):
        response = Client().post(URL, {"token": login_jwt()})
        assert (response.status_code, response.json()["code"]) == (401, "00-00")

    def test_reads_the_raw_cookie_header(self, acme):
        response = ask(HTTP_COOKIE=f"token={login_jwt()}; token={login_jwt(sub='other')}")
        assert response.json()["reason"] == "ambiguous_cookie"

    def test_takes_a_bearer_token(self, acme):
        assert ask(HTTP_AUTHORIZATION=f"Bearer {login_jwt()}").status_code == 200

    def test_gives_head_the_length_and_no_body(self, acme):
        response = ask(method="HEAD", token=login_jwt())
        assert (response.status_code, response.content) == (200, b"")
        assert int(response["Content-Length"]) > 200

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
    def test_refuses_other_methods_in_its_own_form(self, acme, method):
        response = ask(method=method)
        assert (response.status_code, response.json()["reason"]) == (405, "method")
        assert response["Allow"] == "GET, HEAD, OPTIONS, POST"

    def test_answers_a_preflight(self, acme):
        response = ask(method="OPTIONS", HTTP_ORIGIN=ORIGIN, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
        assert (response.status_code, response["Access-Control-Allow-Origin"]) == (204, ORIGIN)
        assert "Origin" in response["Vary"]

    def test_refuses_page_loads(self, acme):
        response = ask(token=login_jwt(), HTTP_SEC_FETCH_MODE="navigate")
        assert (response.status_code, response.json()["reason"]) == (403, "fetch_mode")

    @pytest.mark.parametrize("path", ["/generate/token/", "/generate/token/acme/", "/generate", "/generate/token/a/b"])
    def test_never_redirects_a_neighbouring_path(self, acme, path):
        assert ask(url=path, token=login_jwt()).status_code == 404

    @pytest.mark.parametrize("slug", ["unknown", "%D0%B0cme", "acme%00", "a.b", "acme%20", "", "acme/", "a/b"])
    def test_answers_an_unknown_path_in_its_own_form(self, acme, slug):
        response = ask(url=f"/generate/token/{slug}")
        assert (response.status_code, response.json()["code"]) == (404, "00-06")

    def test_needs_no_csrf_token(self, acme):
        assert ask(method="POST", token=login_jwt(), client=Client(enforce_csrf_checks=True)).status_code == 200

    def test_sets_no_cookie_and_no_etag(self, acme):
        response = ask(token=login_jwt())
        assert not response.cookies
        assert "ETag" not in response.headers

    def test_limits_one_address(self, acme, settings):
        settings.LINKING = settings.LINKING | {"TOKEN_LIMIT_PER_ADDRESS": 2}
        responses = [ask(token=login_jwt()) for _ in range(3)]
        assert [one.status_code for one in responses] == [200, 200, 429]
        assert responses[-1]["Retry-After"] == "30"

    def test_believes_no_forwarded_address(self, acme, settings):
        settings.LINKING = settings.LINKING | {"TOKEN_LIMIT_PER_ADDRESS": 1}
        statuses = [ask(token=login_jwt(), HTTP_X_FORWARDED_FOR=f"192.0.2.{n}").status_code for n in range(2)]
        assert statuses == [200, 429]

    def test_serves_many_threads_at_once(self, acme):
        statuses = []
        threads = [
            threading.Thread(target=lambda: statuses.append(ask(token=login_jwt()).status_code)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 8


class TestSightings:
    def test_make_the_user_appear(self, acme):
        ask(token=login_jwt())
        assert not LoginUser.objects.exists()
        sightings.flush()
        user = LoginUser.objects.get()
        assert (user.user_id, user.email, user.tokens_issued, user.is_verified) == (
            USER_ID,
            "nadia@player.example",
            1,
            True,
        )

    @pytest.mark.parametrize("changes", [{"email": ...}, {"iss": "https://evil.example"}])
    def test_are_not_made_of_refusals(self, acme, changes):
        ask(token=login_jwt(**changes))
        assert sightings.flush() == 0


class TestSetUp:
    def test_is_incomplete_when_a_seal_is_broken(self, acme):
        acme.secrets.update(sealed="v1:damaged")
        registry.refresh()
        response = ask(token=login_jwt())
        assert (response.status_code, response.json()["code"]) == (503, "00-07")

    def test_is_unavailable_before_the_database_was_ever_reached(self, monkeypatch):
        monkeypatch.setattr(registry, "_read", lambda: (_ for _ in ()).throw(OperationalError("away")))
        response = ask(token=login_jwt())
        assert (response.status_code, response.json()["reason"]) == (503, "unavailable")
        assert response["Retry-After"] == "60"

    def test_is_kept_while_the_database_is_away(self, acme, monkeypatch):
        monkeypatch.setattr(registry, "_read", lambda: (_ for _ in ()).throw(OperationalError("away")))
        assert ask(token=login_jwt()).status_code == 200


class TestAccidents:
    def test_show_and_log_nothing_of_the_token(self, acme, monkeypatch, caplog):
        token = login_jwt()

        def break_down(*_):
            raise RuntimeError(f"while reading {token}")

        monkeypatch.setattr(tokens, "serve", break_down)
        client = Client(raise_request_exception=False)
        with caplog.at_level(logging.DEBUG):
            response = ask(token=token, client=client)
        assert response.status_code == 500
        assert token.encode() not in response.content
        assert token not in _as_written(caplog.records)

    def test_of_a_caller_log_nothing_of_the_token(self, acme, caplog):
        token = login_jwt(email=...)
        with caplog.at_level(logging.DEBUG):
            ask(token=token)
            ask(url=f"{URL}/{token}")
        assert token not in _as_written(caplog.records)


def _as_written(records):
    """The lines as the product's own handler writes them."""
    handler = next(one for one in logging.getLogger("django").handlers if one.formatter is not None)
    return json.dumps([handler.format(record) for record in records if handler.filter(record)])
