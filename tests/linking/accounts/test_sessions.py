"""Sessions end elsewhere, and people are seen at most once in ten minutes."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from linking.accounts import sessions
from linking.models import AuditEvent, Presence
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db):
    return make_person("admin")


def sign_out(person, *, by):
    sessions.end_sessions(user=person, by=by, now=timezone.now())


def is_signed_in(browser):
    return browser.get("/setup/").status_code == 200


class TestEndSessions:
    def test_ends_every_session_of_the_person(self, admin):
        person = make_person("lead")
        browsers = [Client(), Client()]
        for browser in browsers:
            browser.force_login(person)
        sign_out(person, by=admin)
        assert [is_signed_in(browser) for browser in browsers] == [False, False]

    def test_lets_the_person_sign_in_again(self, admin, client):
        person = make_person("lead")
        sign_out(person, by=admin)
        client.force_login(get_user_model().objects.get(pk=person.pk))
        assert is_signed_in(client)

    def test_leaves_others_alone(self, admin, agent):
        sign_out(make_person("lead"), by=admin)
        assert is_signed_in(agent)

    def test_ends_a_session_from_before_sessions_were_marked(self, admin, client):
        person = make_person("lead")
        client.force_login(person)
        session = client.session
        del session["signed_in_at"]
        session.save()
        assert is_signed_in(client)
        sign_out(person, by=admin)
        assert not is_signed_in(client)

    def test_ends_sessions_of_the_api_and_of_the_admin(self, client):
        person = make_person("admin")
        client.force_login(person)
        sign_out(person, by=person)
        assert client.get("/admin/").status_code == 302
        assert client.get("/api/v1/visitors/").status_code in (401, 403)

    def test_is_told_in_the_audit(self, admin):
        sign_out(make_person("lead"), by=admin)
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.target) == ("admin", "person.signed_out", "lead")


class TestPresence:
    def test_begins_with_the_sign_in(self, lead):
        assert Presence.objects.get().last_seen_at is not None

    def test_is_written_once_in_ten_minutes(self, lead):
        seen_at = Presence.objects.get().last_seen_at
        lead.get("/")
        assert Presence.objects.get().last_seen_at == seen_at

    def test_is_written_again_later(self, lead):
        seen_at = Presence.objects.get().last_seen_at
        with time_machine.travel(seen_at + sessions.SEEN_EVERY + timedelta(seconds=1), tick=False):
            lead.get("/")
        assert Presence.objects.get().last_seen_at == seen_at + sessions.SEEN_EVERY + timedelta(seconds=1)

    def test_is_not_looked_at_by_the_token_endpoint(self, lead, django_assert_num_queries):
        lead.get("/generate/token/acme")
        with django_assert_num_queries(0):
            lead.get("/generate/token/acme")
