"""`manage.py doctor` says what is wrong, whatever is away."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from linking import integrations, queue, sealing
from linking.integrations import Check
from linking.models import Heartbeat, Secret
from linking.monitoring import clocks, health, storage
from linking.monitoring.metrics import shared_counts
from linking.monitoring.metrics.shared_counts import CountKey
from linking.queue import BrokerUnavailable
from tests.factories import LOGIN_SECRET_KEY, make_integration
from zdbridge.installation_doctor import services

NAMES = ["settings", "hosts", "disk", "database", "keys", "broker", "beat", "worker", "mail", "vendors", "clock"]


@pytest.fixture
def well(db, monkeypatch):
    """An installation without a fault."""
    shared_counts.forget()
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, beat_at=timezone.now())
    make_integration()
    sealing.rewrap.rewrap_all(actor="test", now=timezone.now())
    monkeypatch.setattr(integrations, "check_integration", lambda **_options: ())
    monkeypatch.setattr(queue, "measure_queues", lambda **_options: [])


def run():
    """Return the exit code, and the lines as (word, name, rest)."""
    out, code = StringIO(), 0
    try:
        call_command("doctor", stdout=out)
    except SystemExit as error:
        code = int(error.code)
    return code, [(line[:4].strip(), line[5:15].strip(), line[16:]) for line in out.getvalue().splitlines()]


def list_bad(lines):
    return [name for word, name, _rest in lines if word == "bad"]


def fail(*_arguments, **_options):
    raise OperationalError("gone")


class TestDoctor:
    def test_has_one_line_a_fact_and_ends_well(self, well):
        code, lines = run()
        assert (code, [name for _word, name, _rest in lines]) == (0, NAMES)
        assert {word for word, _name, _rest in lines} == {"ok"}

    def test_tells_no_secret(self, well):
        assert not [rest for _word, _name, rest in run()[1] if LOGIN_SECRET_KEY in rest]

    def test_works_without_the_database(self, well, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(services.connection, "ensure_connection", fail)
            patch.setattr(services.connection, "close", lambda: None)
            patch.setattr(services.sealing.standing, "load_standing", fail)
            patch.setattr(services.registry, "current", fail)
            patch.setattr(health, "find_silent_roles", fail)
            patch.setattr(clocks, "find_flaws", fail)
            code, lines = run()
        assert (code, list_bad(lines)) == (1, ["database"])
        assert [name for word, name, _rest in lines if word == "?"] == ["keys", "roles", "vendors", "clock"]

    def test_works_without_the_broker(self, well, monkeypatch):
        def refuse(**_options):
            raise BrokerUnavailable

        monkeypatch.setattr(queue, "measure_queues", refuse)
        assert (run()[0], list_bad(run()[1])) == (1, ["broker"])

    def test_names_a_process_that_does_not_run_and_how_to_start_it(self, well):
        Heartbeat.objects.filter(name="worker").delete()
        code, lines = run()
        assert (code, list_bad(lines)) == (1, ["worker"])
        assert any(rest.endswith("→  manage.py up --only worker") for _word, _name, rest in lines)

    def test_names_a_full_disk(self, well, monkeypatch):
        def refuse(*_arguments):
            raise OSError(28, "no space")

        monkeypatch.setattr(storage.os, "write", refuse)
        assert list_bad(run()[1]) == ["disk"]

    def test_names_secrets_that_cannot_be_opened(self, well):
        Secret.objects.update(sealed="v1:nonsense")
        assert "keys" in list_bad(run()[1])

    def test_names_a_vendor_that_refuses(self, well, monkeypatch):
        checks = (Check(name="zendesk", is_ok=False, sentence="Zendesk refuses the token."),)
        monkeypatch.setattr(integrations, "check_integration", lambda **_options: checks)
        _code, lines = run()
        assert ("bad", "vendors", "acme: Zendesk refuses the token.  →  manage.py integration check acme") in lines

    def test_names_a_clock_that_is_off(self, well):
        shared_counts.write_reading(CountKey("clock_ahead_ms", "login"), 90_000, at_s=timezone.now().timestamp())
        assert list_bad(run()[1]) == ["clock"]

    def test_names_a_public_host_without_a_trusted_proxy(self, well, settings):
        settings.IS_PUBLIC, settings.TRUSTED_PROXIES = True, ()
        assert list_bad(run()[1]) == ["hosts"]

    def test_names_a_mail_server_that_is_away(self, well, settings):
        settings.HAS_MAIL, settings.EMAIL_BACKEND = True, "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
        assert list_bad(run()[1]) == ["mail"]
