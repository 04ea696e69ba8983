import io
import json
import time

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from rest_framework.test import APIClient

from linking import registry
from linking.doctor import service as doctor
from linking.doctor.verdicts import TokenKind
from linking.limits import Limiter
from linking.tokens.endpoint import TokenLimits, TokenRequest, answer
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, login_jwt, make_integration
from tests.linking.conftest import make_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/diagnose/"


@pytest.fixture
def acme():
    return make_integration()


def member(group):
    person = get_user_model().objects.create_user(f"one-of-{group or 'none'}", password="a long password of theirs")
    if group:
        person.groups.add(Group.objects.get_or_create(name=group)[0])
    return person


@pytest.fixture
def signed_in():
    def client(group):
        browser = APIClient()
        browser.force_login(member(group))
        return browser

    return client


@pytest.fixture
def lead(acme, signed_in):
    return signed_in("leads")


class TestDiagnosePaste:
    def test_agrees_with_the_endpoint_on_a_good_token(self, acme):
        text = login_jwt()
        found = doctor.diagnose_paste(text=text, kind=TokenKind.AUTO, slug="acme", now=time.time())
        request = TokenRequest(method="GET", slug="acme", authorization=f"Bearer {text}")
        limits = TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))
        given = answer(request=request, snapshot=registry.current(), now=time.time(), limits=limits)
        assert (found.is_accepted, given.status) == (True, 200)

    def test_judges_what_the_endpoint_gave_by_the_rules_of_zendesk(self, acme):
        request = TokenRequest(method="GET", slug="acme", authorization=f"Bearer {login_jwt()}")
        limits = TokenLimits(per_address=Limiter(per_minute=0), per_user=Limiter(per_minute=0))
        given = answer(request=request, snapshot=registry.current(), now=time.time(), limits=limits)
        found = doctor.diagnose_paste(text=given.body.decode(), kind=TokenKind.AUTO, slug="acme", now=time.time())
        assert (found.kind, found.is_accepted) == (TokenKind.ZENDESK, True)

    def test_refuses_an_integration_that_is_not_there(self, acme):
        with pytest.raises(registry.NoSuchIntegration):
            doctor.diagnose_paste(text="x", kind=TokenKind.AUTO, slug="nowhere", now=0)


class TestCall:
    @pytest.mark.parametrize(
        ("group", "status"), [("admins", 200), ("leads", 200), ("agents", 200), ("developers", 200), ("", 403)]
    )
    def test_is_for_every_group(self, acme, signed_in, group, status):
        assert signed_in(group).post(URL, {"text": login_jwt()}, format="json").status_code == status

    def test_is_refused_to_nobody(self, acme):
        assert APIClient().post(URL, {"text": "x"}, format="json").status_code == 401

    def test_takes_an_api_token(self, acme):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {make_key(member('leads'), 'read')}")
        assert client.post(URL, {"text": login_jwt()}, format="json").json()["is_accepted"] is True

    def test_asks_for_the_form_token_of_a_session(self, acme):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(member("leads"))
        assert client.post(URL, {"text": "x"}, format="json").status_code == 403

    def test_names_the_integration_it_found(self, lead):
        assert lead.post(URL, {"text": login_jwt()}, format="json").json()["integration"] == "acme"

    def test_is_kept_by_no_cache(self, lead):
        assert lead.post(URL, {"text": "x"}, format="json")["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("body", [
        {}, [], "x", {"text": 1}, {"text": None}, {"text": "x", "kind": "chat"},
        {"text": "x", "integration": "nowhere"},
        {"text": "x", "integration": 5}, {"text": "x", "token": "y"}, {"text": "x", "kind": []},
    ])  # fmt: skip
    def test_says_what_is_wrong_with_the_call(self, lead, body):
        assert lead.post(URL, body, format="json").status_code == 400

    @pytest.mark.parametrize("text", ["\x00", "\ud800", "<b>x</b>", "x" * 900_000, ""])
    def test_answers_hostile_pastes(self, lead, text):
        answered = lead.post(URL, json.dumps({"text": text}), content_type="application/json")
        assert (answered.status_code, answered.json()["is_accepted"]) == (200, False)

    def test_does_not_read_a_giant_body(self, lead):
        assert lead.post(URL, {"text": "x" * 1_100_000}, format="json").status_code == 413


class TestSilence:
    def test_leaves_nothing_of_the_paste_in_logs_or_answers(self, lead, caplog):
        caplog.set_level("DEBUG")
        text = login_jwt(
            sub="canary-user-id", email="canary@player.example", secret="another-secret-than-ours-000000000"
        )
        told = lead.post(URL, {"text": text}, format="json").content.decode() + caplog.text
        canaries = (text, text.split(".")[1], "canary", LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET)
        assert not [one for one in canaries if one in told]

    def test_writes_nothing(self, lead):
        with connection.execute_wrapper(no_writes):
            assert lead.post(URL, {"text": login_jwt(sub="canary")}, format="json").status_code == 200


def no_writes(execute, sql, params, many, context):
    assert sql.lstrip().upper().startswith(("SELECT", "SAVEPOINT", "RELEASE")), sql
    return execute(sql, params, many, context)


class TestCommand:
    def run(self, text, monkeypatch, *arguments):
        told = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        with pytest.raises(SystemExit) as ended:
            call_command("diagnose_token", *arguments, stdout=told, stderr=told)
        return ended.value.code, told.getvalue()

    def test_ends_well_for_a_good_token(self, acme, monkeypatch):
        code, told = self.run(login_jwt() + "\n", monkeypatch)
        assert (code, told.splitlines()[-1]) == (0, "This would be accepted by acme.")

    def test_names_the_cause_and_the_fix(self, acme, monkeypatch):
        code, told = self.run(login_jwt(iss="https://login.xsolla.com/"), monkeypatch)
        assert code == 1
        assert "FAIL issuer: The issuer ends with a slash. It must be exactly https://login.xsolla.com" in told

    @pytest.mark.parametrize("arguments", [("--integration", "nowhere"), ("/nowhere/at/all",)])
    def test_says_when_nothing_could_be_asked(self, acme, monkeypatch, arguments):
        assert self.run("x", monkeypatch, *arguments)[0] == 2

    def test_reads_a_file(self, acme, monkeypatch, tmp_path):
        (tmp_path / "paste").write_text(f"Cookie: token={login_jwt()}")
        assert self.run("", monkeypatch, str(tmp_path / "paste"))[0] == 0
