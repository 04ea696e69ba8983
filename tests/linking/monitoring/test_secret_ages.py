"""Secrets that are due for a change."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks

from linking.models import AlarmSettings, AnswerCount, Incident, Secret
from linking.monitoring import alarms, secret_ages
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    row = make_integration(last_success_at=NOW)
    Secret.objects.update(set_at=NOW)
    Secret.objects.filter(name="login_secret_key").update(set_at=NOW - timedelta(days=91))
    return row


@pytest.fixture
def ninety_days(settings):
    settings.LINKING = settings.LINKING | {"ROTATE_SECRETS_DAYS": 90}


def list_names():
    return [secret.name for secret in secret_ages.list_due(now=NOW)]


class TestListDue:
    def test_names_the_old_ones(self, acme, ninety_days):
        assert list_names() == ["login_secret_key"]

    def test_names_none_without_a_number_of_days(self, acme):
        assert list_names() == []

    def test_leaves_out_what_ends_by_itself(self, acme, ninety_days):
        Secret.objects.filter(name="login_secret_key").update(name="login_secret_key_previous")
        assert list_names() == []

    def test_leaves_out_an_integration_that_is_switched_off(self, acme, ninety_days):
        acme.enabled = False
        acme.save()
        assert list_names() == []


class TestReminder:
    def test_comes_by_mail_and_ends_when_the_secret_is_changed(self, acme, ninety_days, mailoutbox):
        AlarmSettings.objects.create(pk=1, mail_to="ops@shop.example", mail_from="zdbridge@shop.example")
        moments = [NOW, NOW + timedelta(minutes=2), NOW + timedelta(minutes=4)]
        for moment in moments:
            if moment == moments[2]:
                Secret.objects.update(set_at=NOW)
            alarms.watch(now=moment)
            for key in alarms.list_due(now=moment):
                alarms.send(message_id=key, allow_loopback=True, now=moment)
        assert [mail.subject for mail in mailoutbox] == [
            "zdbridge: a secret of Acme Games is due for a change",
            "zdbridge: the secrets of Acme Games are changed",
        ]

    def test_is_no_trouble_of_the_sync(self, acme, ninety_days):
        alarms.watch(now=NOW)
        assert [incident.kind for incident in Incident.objects.all()] == ["secrets"]
        assert alarms.list_open_incidents() == []

    def test_comes_from_the_checks(self, acme, ninety_days):
        found = [message.msg for message in run_checks(databases=["default"]) if message.id == "linking.W013"]
        assert len(found) == 1 and "Integration acme: login_secret_key is due for a change" in found[0]


class TestLoadLastUses:
    def test_takes_a_token_for_a_use_of_both_signing_secrets(self, acme):
        counted = {"code": "", "reason": "issued", "count": 1, "first_at": NOW}
        AnswerCount.objects.create(integration=acme, hour_at=NOW, **counted)
        uses = secret_ages.load_last_uses(acme)
        assert (uses["login_secret_key"], uses["zendesk_shared_secret"]) == (NOW, NOW)

    def test_takes_a_sync_for_a_use_of_the_access_token(self, acme):
        assert secret_ages.load_last_uses(acme) == {"zendesk_access_token": NOW}
