import json
import smtplib
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

from linking.models import AlarmMessage, AlarmSettings, Heartbeat, Incident, Integration
from linking.monitoring import alarms
from linking.sync import controls
from tests.factories import NOW, ZENDESK_ACCESS_TOKEN, make_integration, make_run
from tests.linking.scripted_server import answer, scripted

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def acme():
    return make_integration(last_success_at=NOW - timedelta(hours=2))


@pytest.fixture
def by_mail():
    return AlarmSettings.objects.create(pk=1, mail_to="lead@shop.example", mail_from="zdbridge@shop.example")


@pytest.fixture
def by_webhook():
    def kept(url):
        row = AlarmSettings(pk=1)
        alarms.keep_webhook(settings=row, url=url)
        row.save()

    return kept


def send_all(now):
    for key in alarms.list_due(now=now):
        alarms.send(message_id=key, allow_loopback=True, now=now)


def heal():
    Integration.objects.update(last_success_at=LATER, blocked_reason="")


class TestTroubles:
    @pytest.mark.parametrize(
        ("changes", "kinds"),
        [
            ({}, {"stale"}),
            ({"last_success_at": NOW}, set()),
            ({"blocked_reason": "credentials"}, {"credentials"}),
            ({"blocked_reason": "host"}, {"host"}),
            ({"blocked_reason": "credentials", "last_success_at": NOW}, {"credentials"}),
            ({"sync_enabled": False}, set()),
            ({"enabled": False}, set()),
            ({"zendesk_product": "messaging", "last_success_at": None}, set()),
        ],
    )
    def test_are_told_by_how_the_sync_stands(self, changes, kinds):
        row = make_integration(**({"last_success_at": NOW - timedelta(hours=2)} | changes))
        assert alarms.find_troubles(row, known=(), after=timedelta(minutes=15), now=NOW) == kinds

    def test_a_sync_that_a_person_paused_is_not_awaited(self, acme):
        controls.pause(integration=acme, by=get_user_model().objects.create_user("lena"), now=NOW)
        row = Integration.objects.select_related("steering").get()
        assert alarms.find_troubles(row, known=(), after=timedelta(minutes=15), now=NOW) == set()

    def test_one_that_never_worked_is_awaited_from_its_beginning(self):
        row = make_integration()
        late = row.created_at + timedelta(minutes=16)
        assert alarms.find_troubles(row, known=(), after=timedelta(minutes=15), now=late) == {"stale"}


class TestLongReading:
    def test_that_gets_on_is_no_trouble(self, acme):
        make_run(integration=acme, state="stopped", stop_reason="deadline", lookups=500)
        alarms.watch(now=NOW)
        assert not Incident.objects.exists()

    def test_that_stands_still_is(self, acme):
        make_run(integration=acme, state="stopped", stop_reason="deadline", lookups=500)
        alarms.watch(now=NOW + timedelta(minutes=16))
        assert Incident.objects.get().kind == "stale"


class TestWatch:
    def test_opens_an_incident_once(self, acme):
        alarms.watch(now=NOW)
        alarms.watch(now=LATER)
        assert Incident.objects.get().began_at == NOW

    def test_closes_it_when_the_sync_works_again(self, acme):
        alarms.watch(now=NOW)
        heal()
        alarms.watch(now=LATER)
        assert Incident.objects.get().over_at == LATER

    def test_makes_no_message_while_nobody_is_to_be_told(self, acme):
        alarms.watch(now=NOW)
        assert not AlarmMessage.objects.exists()

    def test_tells_of_an_open_incident_once_somebody_is_to_be_told(self, acme):
        alarms.watch(now=NOW)
        AlarmSettings.objects.create(pk=1, mail_to="lead@shop.example")
        alarms.watch(now=LATER)
        assert alarms.list_due(now=LATER) != []

    def test_what_is_over_within_a_minute_is_not_told(self, acme, by_mail):
        alarms.watch(now=NOW)
        heal()
        alarms.watch(now=NOW + timedelta(seconds=30))
        send_all(LATER)
        assert mail.outbox == []

    def test_costs_the_same_whatever_is_wrong(self, acme, by_mail, django_assert_max_num_queries):
        alarms.watch(now=NOW)
        with django_assert_max_num_queries(5):
            alarms.watch(now=LATER)


class TestMail:
    def test_is_sent_once_for_the_beginning(self, acme, by_mail):
        alarms.watch(now=NOW)
        send_all(LATER)
        send_all(LATER + timedelta(days=1))
        assert [message.to for message in mail.outbox] == [["lead@shop.example"]]
        assert mail.outbox[0].body.startswith("Acme Games (acme): no sync with Zendesk was complete for too long.")

    def test_is_sent_once_for_the_end(self, acme, by_mail):
        alarms.watch(now=NOW)
        send_all(LATER)
        heal()
        alarms.watch(now=LATER)
        send_all(LATER)
        assert mail.outbox[1].body.startswith("Acme Games (acme): the sync works again.")

    def test_says_when_a_person_ended_it(self, acme, by_mail):
        alarms.watch(now=NOW)
        send_all(LATER)
        Integration.objects.update(sync_enabled=False)
        alarms.watch(now=LATER)
        send_all(LATER)
        assert "was switched off or paused" in mail.outbox[1].body

    def test_a_name_with_a_line_break_forges_no_header(self, by_mail):
        make_integration(name="Acme\r\nBcc: x@evil.example", last_success_at=NOW - timedelta(hours=2))
        alarms.watch(now=NOW)
        send_all(LATER)
        assert "Bcc" not in mail.outbox[0].message()

    def test_that_fails_is_tried_again_later(self, acme, by_mail, monkeypatch):
        monkeypatch.setattr(alarms.EmailMessage, "send", lambda _self: (_ for _ in ()).throw(smtplib.SMTPException()))
        alarms.watch(now=NOW)
        send_all(LATER)
        row = AlarmMessage.objects.get()
        assert (row.attempts, row.next_try_at, row.sent_at) == (1, LATER + timedelta(minutes=1), None)
        assert row.failure == "The mail server did not take the message (SMTPException)."

    def test_is_given_up_in_the_end(self, acme, by_mail, monkeypatch):
        monkeypatch.setattr(alarms.EmailMessage, "send", lambda _self: (_ for _ in ()).throw(ConnectionRefusedError()))
        alarms.watch(now=NOW)
        for day in range(20):
            send_all(LATER + timedelta(days=day))
        assert AlarmMessage.objects.get().attempts == alarms.TRIES


class TestWebhook:
    def test_is_told_in_json(self, acme, by_webhook):
        with scripted(answer(b"ok")) as server:
            by_webhook(f"{server.url}/hooks/T0?sig=a%2Fb")
            alarms.watch(now=NOW)
            send_all(LATER)
        head, _blank, body = server.heads[0].partition("\r\n\r\n")
        told = json.loads(body)
        assert head.startswith("POST /hooks/T0?sig=a%2Fb HTTP/1.1")
        assert (told["state"], told["kind"], told["integration"]) == ("began", "stale", "acme")

    def test_holds_no_secret(self, acme, by_webhook):
        with scripted(answer(b"ok")) as server:
            by_webhook(f"{server.url}/hooks/T0")
            alarms.watch(now=NOW)
            send_all(LATER)
        assert ZENDESK_ACCESS_TOKEN not in server.heads[0]

    def test_that_is_refused_says_only_the_status(self, acme, by_webhook):
        with scripted(answer(b"no", status="403 Forbidden")) as server:
            by_webhook(f"{server.url}/hooks/canary")
            alarms.watch(now=NOW)
            send_all(LATER)
        assert AlarmMessage.objects.get().failure == "The webhook answered 403."

    def test_that_is_away_is_tried_again(self, acme, by_webhook):
        by_webhook("http://127.0.0.1:1/hooks/canary")
        alarms.watch(now=NOW)
        send_all(LATER)
        row = AlarmMessage.objects.get()
        assert (row.attempts, row.sent_at) == (1, None)
        assert "canary" not in row.failure

    def test_is_kept_sealed(self, by_webhook):
        by_webhook("https://hooks.example/canary")
        row = AlarmSettings.objects.get()
        assert ("canary" in row.webhook_sealed, row.webhook_host) == (False, "hooks.example")


class TestWebhookFlaw:
    @pytest.mark.parametrize("url", ["https://hooks.example/x", "https://hooks.example/x?sig=1"])
    def test_takes_a_public_address(self, url):
        assert alarms.find_webhook_flaw(url, allow_loopback=False) == ""

    @pytest.mark.parametrize(
        "url",
        ["http://hooks.example/x", "http://127.0.0.1/x", "ftp://x/", "https://u:p@hooks.example/", "https://[", "x"],
    )
    def test_refuses_others(self, url):
        assert alarms.find_webhook_flaw(url, allow_loopback=False)

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "localhost",
            "10.0.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "[::1]",
            "[fd00::1]",
            "[::ffff:10.0.0.1]",
        ],
    )
    def test_refuses_what_leads_inward_when_it_is_saved(self, host):
        assert "leads into the local network" in alarms.find_webhook_flaw(f"https://{host}/x", allow_loopback=False)

    @pytest.mark.parametrize(
        ("url", "is_taken"),
        [("http://127.0.0.1:9000/x", True), ("https://10.0.0.1/x", False), ("https://1.1.1.1/x", True)],
    )
    def test_takes_this_machine_where_the_environment_allows_it(self, url, is_taken):
        assert (alarms.find_webhook_flaw(url, allow_loopback=True) == "") is is_taken


class TestStandIn:
    """While ticks are carried out, alarms are theirs; a serving process tells of it when they are not."""

    def heard(self, **ago):
        for name, seconds in ago.items():
            Heartbeat.objects.create(name=name, beat_at=LATER - timedelta(seconds=seconds))

    @pytest.mark.parametrize("ago", [{}, {"beat": 1, "worker": 1}, {"tick": 90}, {"tick": -90}])
    def test_tells_where_no_tick_is_carried_out(self, acme, by_mail, ago):
        self.heard(**ago)
        alarms.watch(now=NOW)
        assert alarms.stand_in(allow_loopback=False, now=LATER)
        assert [one.subject for one in mail.outbox] == ["zdbridge: the sync of Acme Games needs attention"]

    def test_leaves_it_to_the_ticks_while_there_are_any(self, acme, by_mail):
        self.heard(tick=30)
        assert not alarms.stand_in(allow_loopback=False, now=LATER)
        assert not Incident.objects.exists()

    def test_of_several_processes_sends_each_message_once(self, acme, by_mail):
        alarms.watch(now=NOW)
        for _process in range(3):
            alarms.stand_in(allow_loopback=False, now=LATER)
        assert len(mail.outbox) == 1
