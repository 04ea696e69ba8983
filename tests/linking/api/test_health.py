import errno

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linking import registry
from linking.api import health
from linking.core.addresses import WAS_FORWARDED
from linking.models import Heartbeat, Integration, Secret, keep_secret
from linking.monitoring import health as feature
from linking.monitoring import storage
from linking.monitoring.metrics import collector
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, login_jwt, make_integration, make_visitor
from zdbridge.serving.proxies import TrustedProxies


@pytest.fixture(autouse=True)
def broker_is_up(monkeypatch):
    monkeypatch.setattr(health.queue, "is_available", lambda: True)
    monkeypatch.setattr(health._Broker, "asked_at", float("-inf"))


@pytest.fixture
def everybody_beats(db):
    for role in ("beat", "worker"):
        Heartbeat.objects.create(name=role, beat_at=timezone.now())


@pytest.fixture
def database_is_away(monkeypatch):
    def fail(*_args, **_options):
        raise OperationalError("gone")

    monkeypatch.setattr(feature.MigrationRecorder, "applied_migrations", fail)
    monkeypatch.setattr(feature.connection, "close", lambda: None)


def ask(**environ):
    """A question from this machine, which is told what is wrong."""
    health.forget_readiness()
    return Client().get("/readyz", **({"HTTP_HOST": "localhost"} | environ))


def parts(response) -> list[str]:
    body = response.json()
    return [flaw["part"] for flaw in (*body.get("down", ()), *body.get("degraded", ()))]


def told(response) -> str:
    return " ".join(flaw["detail"] for name in ("down", "degraded") for flaw in response.json().get(name, ()))


def build_refusal(kind):
    """The driver's own error for a write that found no room, or no right."""
    error = Exception(kind)
    error.sqlstate = {"full": "53100", "read-only": "25006"}[kind]
    error.sqlite_errorname = {"full": "SQLITE_FULL", "read-only": "SQLITE_READONLY"}[kind]
    return error


def make_second(**changes):
    return make_integration(slug="second", login_project_id="p-second", **changes)


class TestHealthz:
    def test_answers_anybody_without_a_database(self):
        # No mark for the database: touching it would fail the test.
        response = Client().get("/healthz")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})

    def test_answers_head(self):
        assert Client().head("/healthz").status_code == 200

    def test_refuses_other_methods(self):
        assert Client().post("/healthz").status_code == 405

    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "10.0.0.7", "[::1]:8000", "web:8000", "-not a host-", ""])
    def test_answers_by_any_name(self, settings, host):
        settings.ALLOWED_HOSTS = [".support.example"]
        assert Client().get("/healthz", HTTP_HOST=host).status_code == 200

    def test_of_pages_the_name_still_counts(self, settings):
        settings.ALLOWED_HOSTS = ["support.example"]
        assert Client().get("/accounts/login/", HTTP_HOST="127.0.0.1").status_code == 400


@pytest.mark.django_db
class TestReadyz:
    def test_is_ready_when_all_is_well(self, everybody_beats):
        response = ask()
        assert (response.status_code, response.json()) == (200, {"status": "ready"})

    def test_is_down_without_a_database(self, database_is_away):
        response = ask()
        assert (response.status_code, response.json()["status"], parts(response)) == (503, "down", ["database"])

    def test_is_down_while_migrations_are_not_applied(self):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'linking' AND name = '0002_search_index'")
        response = ask()
        assert (response.status_code, parts(response)) == (503, ["migrations"])

    def test_is_degraded_while_the_database_is_newer_than_the_code(self, everybody_beats):
        for app, name in (("linking", "9999_next_release"), ("another", "0001_initial")):
            feature.MigrationRecorder.Migration.objects.create(app=app, name=name)
        response = ask()
        assert (response.status_code, response.json()["status"], parts(response)) == (200, "degraded", ["schema"])
        assert "9999_next_release" in told(response)

    def test_is_degraded_when_the_broker_is_away(self, everybody_beats, monkeypatch):
        monkeypatch.setattr(health.queue, "is_available", lambda: False)
        response = ask()
        assert (response.status_code, response.json()["status"], parts(response)) == (200, "degraded", ["broker"])

    def test_is_degraded_when_nobody_beats(self):
        assert parts(ask()) == ["beat", "worker"]

    def test_is_degraded_when_the_sync_is_stale(self, everybody_beats):
        make_integration()
        Integration.objects.update(last_success_at=timezone.now() - timezone.timedelta(hours=1))
        assert parts(ask()) == ["sync"]

    def test_is_degraded_when_the_sync_is_blocked(self, everybody_beats):
        make_integration(blocked_reason="credentials")
        assert parts(ask()) == ["sync"]

    def test_is_degraded_when_an_old_configuration_is_in_use(self, everybody_beats, monkeypatch):
        monkeypatch.setattr(registry, "is_stale", lambda: True)
        assert parts(ask()) == ["configuration"]

    @pytest.mark.parametrize(("name", "part"), [("beat", "beat"), ("worker", "worker"), ("refresh", "refresh")])
    def test_tells_a_dead_role_from_the_others(self, everybody_beats, name, part):
        old = timezone.now() - timezone.timedelta(minutes=2)
        Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": old})
        assert parts(ask()) == [part]

    def test_is_degraded_when_the_queue_stands_still_although_both_live(self, everybody_beats):
        Heartbeat.objects.create(name="tick", beat_at=timezone.now() - timezone.timedelta(minutes=6))
        assert parts(ask()) == ["queue"]

    def test_blames_a_dead_role_and_not_the_queue(self, everybody_beats):
        old = timezone.now() - timezone.timedelta(minutes=6)
        Heartbeat.objects.create(name="tick", beat_at=old)
        Heartbeat.objects.filter(name="beat").update(beat_at=old)
        assert parts(ask()) == ["beat"]

    @pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "is full"), (errno.EROFS, "cannot be written")])
    def test_is_degraded_when_the_data_folder_takes_nothing(self, everybody_beats, monkeypatch, number, words):
        def fail(*_arguments):
            raise OSError(number, "no")

        monkeypatch.setattr(storage.os, "write", fail)
        response = ask()
        assert (response.status_code, parts(response)) == (200, ["disk"]) and words in told(response)

    def test_leaves_no_file_in_the_data_folder(self, everybody_beats, settings):
        ask()
        assert not list(settings.LINKING["DATA_DIR"].glob(".probe-*"))

    @pytest.mark.parametrize(("kind", "words"), [("full", "its disk is full"), ("read-only", "it is read-only")])
    def test_is_down_when_the_database_stores_nothing(self, everybody_beats, monkeypatch, kind, words):
        def fail(*_arguments, **_options):
            raise OperationalError("no") from build_refusal(kind)

        monkeypatch.setattr(storage.Heartbeat.objects, "bulk_create", fail)
        response = ask()
        assert (response.status_code, parts(response)) == (503, ["database"]) and words in told(response)

    def test_costs_the_same_however_many_visitors_there_are(self, everybody_beats):
        make_visitor(integration=make_integration())
        with CaptureQueriesContext(connection) as seen:
            ask()
        assert not [one for one in seen if "linking_visitor" in one["sql"] or "linking_loginuser" in one["sql"]]


@pytest.mark.django_db
class TestSecretsAtFault:
    """One integration's secret is that integration's trouble; all of them are everybody's."""

    @pytest.fixture
    def one_leads_nowhere(self, everybody_beats, monkeypatch):
        monkeypatch.setenv("SECRET_OF_ACME", LOGIN_SECRET_KEY)
        make_integration(secrets={"login_secret_key": "env:SECRET_OF_ACME"})
        monkeypatch.delenv("SECRET_OF_ACME")
        registry.refresh()

    def test_degrade_alone(self, one_leads_nowhere):
        response = ask()
        assert (response.status_code, response.json()["status"], parts(response)) == (200, "degraded", ["secret"])

    def test_are_named_by_integration_and_variable(self, one_leads_nowhere):
        assert told(ask()) == (
            "Integration acme: login_secret_key cannot be used. The variable SECRET_OF_ACME is not set or is empty."
        )

    def test_leave_the_tokens_of_others_alone(self, one_leads_nowhere):
        make_second()
        acme, second = (
            Client().get(f"/generate/token/{slug}", headers={"Authorization": f"Bearer {login_jwt(**claims)}"})
            for slug, claims in (("acme", {}), ("second", {"xsolla_login_project_id": "p-second"}))
        )
        assert (acme.status_code, acme.json()["code"], second.status_code) == (503, "00-07", 200)

    def test_of_one_integration_that_cannot_be_opened_degrade(self, everybody_beats):
        make_second()
        Secret.objects.filter(integration=make_integration()).update(sealed="v1:nonsense")
        response = ask()
        assert (response.status_code, parts(response)) == (200, ["secret", "secret", "secret"])

    def test_of_all_that_cannot_be_opened_are_the_end(self, everybody_beats):
        make_integration()
        make_second()
        Secret.objects.update(sealed="v1:nonsense")
        response = ask()
        assert (response.status_code, response.json()["status"], len(parts(response))) == (503, "down", 6)

    def test_of_a_file_that_cannot_be_a_file_concern_one_integration(self, everybody_beats):
        integration = make_integration()
        keep_secret(integration=integration, name="login_secret_key", plain="file:/a\0b", actor="t", now=timezone.now())
        assert parts(ask()) == ["secret"]

    def test_that_a_switched_off_integration_does_not_find_are_nobodys_trouble(self, one_leads_nowhere):
        Integration.objects.update(enabled=False)
        assert parts(ask()) == []


@pytest.mark.django_db
class TestWhoIsToldWhatIsWrong:
    @pytest.fixture(autouse=True)
    def something_is(self, db):
        make_integration(blocked_reason="credentials")

    @pytest.mark.parametrize(
        "environ",
        [
            {"REMOTE_ADDR": "203.0.113.9"},
            {WAS_FORWARDED: True},
            {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
            {"HTTP_VIA": "1.1 proxy"},
            {"HTTP_AUTHORIZATION": "Token nonsense", "REMOTE_ADDR": "203.0.113.9"},
            {"HTTP_COOKIE": "sessionid=nonsense; __Host-sessionid=nonsense", "REMOTE_ADDR": "203.0.113.9"},
        ],
    )
    def test_others_learn_one_word(self, environ):
        response = ask(**environ)
        assert (response.status_code, response.json()) == (200, {"status": "degraded"})

    def test_a_client_behind_a_trusted_proxy_on_this_machine_is_not_this_machine(self):
        environ = {
            "REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1, 203.0.113.9", "HTTP_HOST": "localhost",
            "REQUEST_METHOD": "GET", "PATH_INFO": "/readyz",
        }  # fmt: skip
        TrustedProxies(networks=["127.0.0.1"]).resolve_client(environ)
        assert environ["REMOTE_ADDR"] == "203.0.113.9"
        assert ask(**environ).json() == {"status": "degraded"}

    def test_whoever_is_signed_in_is_told(self, signed_in):
        client = signed_in("agents")
        response = client.get("/readyz", REMOTE_ADDR="203.0.113.9")
        assert "Integration acme: the sync waits for an administrator." in told(response)

    def test_an_api_token_is_told(self, with_token):
        assert "sync" in parts(with_token("agents").get("/readyz", REMOTE_ADDR="203.0.113.9"))

    def test_a_session_learns_one_word_while_the_database_is_away(self, signed_in, monkeypatch):
        client = signed_in("agents")

        def fail(*_args, **_options):
            raise OperationalError("gone")

        monkeypatch.setattr(feature.MigrationRecorder, "applied_migrations", fail)
        monkeypatch.setattr(feature.connection, "close", lambda: None)
        monkeypatch.setattr(SessionStore, "load", fail)
        response = client.get("/readyz", REMOTE_ADDR="203.0.113.9")
        assert (response.status_code, response.json()) == (503, {"status": "down"})


@pytest.mark.django_db
class TestRememberedReadiness:
    @pytest.fixture
    def looks(self, monkeypatch):
        seen = []
        monkeypatch.setattr(health.health, "find_readiness", lambda **_options: seen.append(1) or feature.Readiness())
        return seen

    def test_is_found_at_most_every_two_seconds(self, looks):
        for second in (100.0, 101.0, 101.9, 102.0):
            health._recall_readiness(clock=lambda second=second: second)
        assert len(looks) == 2

    def test_is_told_as_it_was_while_another_finds_out(self, looks):
        health._recall_readiness(clock=lambda: 100.0)
        with health._Readiness.lock:
            health._recall_readiness(clock=lambda: 200.0)
        assert len(looks) == 1


class TestBroker:
    def test_is_asked_for_at_most_every_five_seconds(self, monkeypatch):
        asked = []
        monkeypatch.setattr(health.queue, "is_available", lambda: asked.append(1) or True)
        for second in (100.0, 101.0, 104.9, 105.0):
            health._is_broker_up(clock=lambda second=second: second)
        assert len(asked) == 2


@pytest.mark.django_db
class TestMetrics:
    def test_tell_the_numbers_of_the_tables(self):
        make_visitor(integration=make_integration())
        body = Client().get("/metrics", HTTP_HOST="127.0.0.1:8000").content.decode()
        assert 'zdbridge_visitors{integration="acme",state="anonymous"} 1.0' in body

    def test_never_tell_a_secret(self):
        make_integration()
        body = Client().get("/metrics", HTTP_HOST="127.0.0.1").content.decode()
        assert LOGIN_SECRET_KEY not in body and ZENDESK_SHARED_SECRET not in body

    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:8000"])
    def test_are_given_on_this_machine_whatever_the_hosts(self, settings, host):
        settings.ALLOWED_HOSTS = ["support.example"]
        assert Client().get("/metrics", HTTP_HOST=host).status_code == 200

    @pytest.mark.parametrize("host", ["support.example", "evil.example", ""])
    def test_are_refused_by_another_name_without_a_token(self, settings, host):
        # A page whose name was made to lead here must not read them through somebody's browser.
        settings.ALLOWED_HOSTS = ["support.example"]
        assert Client().get("/metrics", HTTP_HOST=host).status_code == 401

    @pytest.mark.parametrize(
        "environ",
        [
            {"REMOTE_ADDR": "203.0.113.9"},
            {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
            {WAS_FORWARDED: True},
            {"HTTP_VIA": "1.1 proxy"},
            {"HTTP_FORWARDED": "for=203.0.113.9"},
            {"HTTP_X_REAL_IP": "203.0.113.9"},
            {"HTTP_HOST": "support.example"},
        ],
    )
    def test_are_refused_to_others(self, settings, environ):
        settings.ALLOWED_HOSTS = ["localhost", "support.example"]
        assert Client().get("/metrics", **({"HTTP_HOST": "localhost"} | environ)).status_code == 401

    def test_are_given_to_a_token_from_elsewhere(self, with_token):
        assert with_token("agents", "metrics").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200

    def test_refuses_a_token_without_the_scope(self, with_token):
        assert with_token("agents", "read", "refresh").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403

    def test_are_refused_to_a_token_of_somebody_in_no_group(self, with_token):
        assert with_token("").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403

    def test_say_so_when_the_database_is_away(self, monkeypatch):
        def fail(**_options):
            raise OperationalError("gone")

        monkeypatch.setattr(collector, "load_statuses", fail)
        assert Client().get("/metrics", HTTP_HOST="localhost").status_code == 503


class TestIsFromHere:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
    def test_knows_this_machine_by_its_names(self, host):
        request = RequestFactory().get("/metrics", HTTP_HOST=host)
        assert health._is_from_here(request)
