"""API tokens: made, used, ended; and those of a release before."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from linking.accounts import api_tokens, people
from linking.models import APIToken, AuditEvent
from linking.models.people.person import TokenScope
from tests.factories import NOW
from tests.linking.conftest import make_key, make_person

pytestmark = pytest.mark.django_db
VISITORS = "/api/v1/visitors/"


@pytest.fixture
def agent():
    return make_person("agent")


@pytest.fixture
def key(agent):
    return make_key(agent, "read")


def call(key: str, scheme: str = "Token"):
    return APIClient().get(VISITORS, headers={"authorization": f"{scheme} {key}"})


class TestKey:
    @pytest.mark.parametrize("scheme", ["Token", "token", "Bearer", "bearer"])
    def test_opens_the_api(self, key, scheme):
        assert call(key, scheme).status_code == 200

    def test_is_stored_nowhere(self, key):
        assert key not in str([*APIToken.objects.values(), *AuditEvent.objects.values()])

    @pytest.mark.parametrize("other", ["{}x", "x{}", "Ü", "{}{}{}{}{}"])
    def test_is_refused_when_it_is_another(self, key, other):
        response = call(other.format(*[key] * 5))
        assert (response.status_code, response["WWW-Authenticate"]) == (401, "Token")

    def test_is_refused_after_its_end(self, key):
        APIToken.objects.update(ends_at=NOW)
        response = call(key)
        assert (response.status_code, response.json()["detail"]) == (401, "This API token has ended. Make a new one.")

    def test_is_refused_while_the_account_is_switched_off(self, key, agent):
        agent.is_active = False
        agent.save()
        assert call(key).status_code == 401

    def test_of_several_works_while_another_is_revoked(self, agent, key):
        other = make_key(agent, "read", name="other")
        api_tokens.revoke_token(row=APIToken.objects.get(name="other"), by=agent, now=NOW)
        assert (call(key).status_code, call(other).status_code) == (200, 401)


class TestScopes:
    def test_of_metrics_reads_no_record(self, agent):
        response = call(make_key(agent, "metrics"))
        assert response.status_code == 403
        assert "scope read" in response.json()["detail"]

    def test_of_metrics_asks_the_token_doctor_nothing(self, agent):
        client = APIClient(headers={"authorization": f"Token {make_key(agent, 'metrics')}"})
        assert client.post("/api/v1/diagnose/", {"text": "x"}, format="json").status_code == 403

    def test_gives_nobody_more_than_their_role(self):
        assert call(make_key(make_person("outsider"), "read")).status_code == 403


class TestMakeToken:
    @pytest.mark.parametrize(
        "change",
        [
            {"name": " "}, {"scopes": []}, {"scopes": ["read", "write"]}, {"days": 0}, {"days": 366}, {"days": -7},
        ],
        ids=str,
    )  # fmt: skip
    def test_refuses_what_is_no_token(self, agent, change):
        values = {"name": "x", "scopes": ["read"], "days": 90} | change
        with pytest.raises(api_tokens.TokenRefused):
            api_tokens.make_token(user=agent, by=agent, now=NOW, **values)

    def test_ends_it_after_the_days(self, agent):
        made = api_tokens.make_token(user=agent, name="x", scopes=["read"], days=7, by=agent, now=NOW)
        assert made.row.ends_at == NOW + timedelta(days=7)

    def test_refuses_one_for_an_account_that_is_switched_off(self, agent):
        agent.is_active = False
        with pytest.raises(api_tokens.TokenRefused, match="switched off"):
            api_tokens.make_token(user=agent, name="x", scopes=["read"], days=7, by=agent, now=NOW)

    def test_shows_no_key_in_its_text(self, agent):
        made = api_tokens.make_token(user=agent, name="x", scopes=["read"], days=7, by=agent, now=NOW)
        assert made.key not in f"{made!r}{made.row}"


class TestNoteUse:
    def test_writes_once_a_minute(self, agent, key):
        row = APIToken.objects.get()
        moments = [NOW, NOW + timedelta(seconds=59), NOW + timedelta(seconds=60)]
        noted = []
        for moment in moments:
            api_tokens.note_use(row, now=moment)
            row.refresh_from_db()
            noted.append(row.last_used_at)
        assert noted == [NOW, NOW, NOW + timedelta(seconds=60)]

    def test_lets_a_call_through_when_nothing_can_be_written(self, key, monkeypatch):
        def fail(*_args, **_values):
            raise OperationalError("read-only")

        monkeypatch.setattr("django.db.models.query.QuerySet.update", fail)
        assert call(key).status_code == 200


class TestEndTokens:
    def test_comes_with_switching_an_account_off_and_stays(self, agent, key):
        admin = make_person("admin")
        people.switch(user=agent, is_active=False, by=admin, now=NOW)
        people.switch(user=agent, is_active=True, by=admin, now=NOW)
        assert call(key).status_code == 401
        assert AuditEvent.objects.get(action="api_token.revoked").fields == ["script"]


class TestMoveOldTokens:
    def test_keeps_a_key_working_and_drops_it_in_clear(self, agent):
        old = Token.objects.create(user=agent).key
        assert api_tokens.move_old_tokens(now=NOW) == 1
        assert (call(old).status_code, Token.objects.count()) == (200, 0)

    def test_gives_what_the_key_could_do_before(self, agent):
        Token.objects.create(user=agent)
        lead = make_person("lead")
        Token.objects.create(user=lead)
        lead.user_permissions.add(permit_refreshing())
        api_tokens.move_old_tokens(now=NOW)
        found = dict(APIToken.objects.values_list("user__username", "scopes"))
        assert found == {"agent": "read metrics", "lead": "read refresh metrics"}

    def test_sets_no_end(self, agent):
        Token.objects.create(user=agent)
        api_tokens.move_old_tokens(now=NOW)
        row = APIToken.objects.get()
        assert (row.name, row.ends_at, row.allows(TokenScope.READ)) == ("moved", None, True)

    def test_moves_nothing_twice(self, agent):
        old = Token.objects.create(user=agent)
        api_tokens.move_old_tokens(now=NOW)
        Token(user=agent, key=old.key).save(force_insert=True)
        api_tokens.move_old_tokens(now=NOW)
        assert APIToken.objects.count() == 1

    def test_does_not_bring_a_revoked_one_back(self, agent):
        old = Token.objects.create(user=agent)
        api_tokens.move_old_tokens(now=NOW)
        Token(user=agent, key=old.key).save(force_insert=True)
        api_tokens.revoke_token(row=APIToken.objects.get(), by=agent, now=NOW)
        assert api_tokens.move_old_tokens(now=NOW) == 0
        assert call(old.key).status_code == 401


def permit_refreshing():
    """Return the permission that a release before gave with a token."""
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get(app_label="linking", model="integration")
    return Permission.objects.get_or_create(codename="write_by_token", content_type=kind, defaults={"name": "x"})[0]
