"""Sign-ins, failed ones, passwords and second factors are in the audit, without what was typed."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache

from linking.models import AuditEvent
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
PASSWORD = "a long password of theirs"


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()
    yield
    cache.clear()


def deeds():
    return [(event.actor, event.action, event.target) for event in AuditEvent.objects.order_by("pk")]


def sign_in(client, name, password):
    return client.post("/accounts/login/", {"login": name, "password": password})


class TestSignIn:
    def test_is_recorded(self, client):
        make_person("lead")
        sign_in(client, "lead", PASSWORD)
        assert deeds() == [("lead", "person.signed_in", "lead")]

    def test_that_failed_is_recorded_with_the_account(self, client):
        make_person("lead")
        sign_in(client, "lead", "wrong")
        assert deeds() == [("nobody", "person.sign_in_failed", "lead")]

    def test_that_failed_is_recorded_without_what_was_typed_where_no_account_has_that_name(self, client):
        sign_in(client, "my secret password", "wrong")
        assert deeds() == [("nobody", "person.sign_in_failed", "")]

    def test_that_fails_again_within_a_minute_is_not_recorded_again(self, client):
        make_person("lead")
        for _try in range(3):
            sign_in(client, "lead", "wrong")
        assert len(deeds()) == 1


class TestPassword:
    def test_is_recorded_when_it_changes(self, lead):
        new = "another long one of theirs"
        lead.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
        assert ("lead", "person.password_set", "lead") in deeds()
        assert not any(PASSWORD in str(event.__dict__) for event in AuditEvent.objects.all())


class TestAdmin:
    def test_records_changed_boxes_of_a_person(self, sign_in):
        admin, person = sign_in("admin"), make_person("agent")
        form = {"username": "agent", "first_name": "Ann", "last_name": "", "email": "", "is_active": "on"}
        admin.post(f"/admin/auth/user/{person.pk}/change/", {**form, "groups": [g.pk for g in person.groups.all()]})
        event = AuditEvent.objects.get()
        assert (event.actor, event.action, event.target) == ("admin", "person.changed", "agent")
        assert event.fields == ["First name"]

    def test_records_a_removed_person(self, sign_in):
        admin, person = sign_in("admin"), make_person("agent")
        admin.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes"})
        assert deeds() == [("admin", "person.removed", "agent")]

    def test_records_a_removed_second_factor(self, sign_in):
        admin, person = sign_in("admin"), make_person("agent")
        factor = Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})
        admin.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
        assert deeds() == [("admin", "factor.removed", "agent")]
