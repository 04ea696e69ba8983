"""What people read while something is broken here, and what it costs them: nothing."""

import logging
import sys

import pytest
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.test import Client, RequestFactory

from linking import registry
from linking.dashboard.shell import errors as failures
from tests.factories import login_jwt, make_integration

SIGN_IN = "/accounts/login/"
PASSWORD = "a long enough password"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch):
    cache.clear()
    monkeypatch.setattr(failures._LastWarning, "at_s", None)


@pytest.fixture
def database():
    """The database, which a test can take away; every question then fails as one over a lost connection does."""
    return Database()


class Database:
    def __init__(self):
        self.error = OperationalError("server closed the connection unexpectedly")

    def is_away(self):
        return connection.execute_wrapper(self._refuse)

    def _refuse(self, execute, sql, params, many, context):
        raise self.error


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


class TestWhileTheDatabaseIsAway:
    @pytest.mark.parametrize("url", ["/", "/sync/", "/conflicts/", "/visitors/7700123.a/", "/admin/", "/accounts/2fa/"])
    def test_pages_say_so_and_when_to_come_again(self, lead, database, url):
        lead.raise_request_exception = False
        with database.is_away():
            answer = lead.get(url)
        assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-store")
        assert "The database cannot be reached" in answer.content.decode()

    @pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("connection already closed")])
    def test_the_api_says_so_in_json(self, lead, database, error):
        lead.raise_request_exception = False
        database.error = error
        with database.is_away():
            answer = lead.get("/api/v1/visitors/")
        assert (answer.status_code, answer["Retry-After"], type(answer.json()["detail"])) == (503, "5", str)

    def test_the_sign_in_page_can_be_read(self, client, db, database):
        with database.is_away():
            assert client.get(SIGN_IN).status_code == 200

    def test_tokens_are_given(self, client, db, database):
        make_integration()
        registry.refresh()
        with database.is_away():
            answer = client.get("/generate/token/acme", headers={"Authorization": f"Bearer {login_jwt()}"})
        assert answer.status_code == 200

    def test_the_log_tells_of_it_once(self, lead, database, caplog):
        lead.raise_request_exception = False
        with database.is_away(), caplog.at_level(logging.WARNING):
            for _ in range(3):
                lead.get("/")
        assert [one.getMessage() for one in caplog.records] == [
            "The database cannot be reached (OperationalError); pages answer 503."
        ]

    def test_nobody_is_locked_out_for_it(self, client, django_user_model, database):
        django_user_model.objects.create_user(username="nadia", password=PASSWORD)
        form = {"login": "nadia", "password": PASSWORD}
        with database.is_away():
            assert {client.post(SIGN_IN, form).status_code for _ in range(31)} == {503}
        assert client.post(SIGN_IN, form).status_code == 302

    def test_wrong_passwords_before_it_still_count(self, client, django_user_model, database):
        django_user_model.objects.create_user(username="nadia", password=PASSWORD)
        for _ in range(5):
            client.post(SIGN_IN, {"login": "nadia", "password": "wrong"})
        with database.is_away():
            client.post(SIGN_IN, {"login": "nadia", "password": PASSWORD})
        assert client.post(SIGN_IN, {"login": "nadia", "password": PASSWORD}).status_code == 200


class TestServerError:
    def ask(self, error, *, path="/", **more):
        try:
            raise error
        except type(error):
            assert sys.exception() is error
            return failures.answer_error(RequestFactory().post(path, "x", content_type=FORM, **more))

    def test_is_500_for_an_accident(self, db):
        assert self.ask(ZeroDivisionError()).status_code == 500

    def test_is_the_senders_fault_where_a_body_was_too_deep(self, db):
        assert self.ask(RecursionError()).status_code == 400

    def test_is_told_in_json_below_the_api(self, db):
        answer = self.ask(ZeroDivisionError(), path="/api/v1/visitors/")
        assert (answer.status_code, answer["Content-Type"]) == (500, "application/json")

    @pytest.mark.parametrize("error", [OperationalError(), RecursionError(), ZeroDivisionError()])
    def test_comes_without_styles_where_there_are_none(self, monkeypatch, error):
        whole = failures.loader.render_to_string

        def lacks_files(page, *arguments):
            if page != "failures/plain.html":
                raise ValueError("Missing staticfiles manifest entry")
            return whole(page, *arguments)

        monkeypatch.setattr(failures.loader, "render_to_string", lacks_files)
        answer = self.ask(error)
        assert b"stylesheet" not in answer.content and b"<h1>" in answer.content
