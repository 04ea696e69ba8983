import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.utils import timezone

from linking import health as feature
from linking import registry
from linking.api import health
from linking.core.addresses import WAS_FORWARDED
from linking.models import Heartbeat, Integration, Secret
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, make_integration, make_visitor


@pytest.fixture(autouse=True)
def broker_is_up(monkeypatch):
    monkeypatch.setattr(health.queue, "is_there", lambda: True)
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


def parts(response) -> list[str]:
    body = response.json()
    return [flaw["part"] for flaw in (body if isinstance(body, list) else body["degraded"])]


class TestHealthz:
    def test_answers_anybody_without_a_database(self):
        # No mark for the database: touching it would fail the test.
        response = Client().get("/healthz")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})

    def test_answers_head(self):
        assert Client().head("/healthz").status_code == 200

    def test_refuses_other_methods(self):
        assert Client().post("/healthz").status_code == 405


@pytest.mark.django_db
class TestReadyz:
    def test_is_ready_when_all_is_well(self, everybody_beats):
        response = Client().get("/readyz")
        assert (response.status_code, response.json()) == (200, {"status": "ready", "degraded": []})

    def test_lists_a_database_that_is_away(self, database_is_away):
        response = Client().get("/readyz")
        assert (response.status_code, parts(response)) == (503, ["database"])

    def test_lists_migrations_that_are_not_applied(self):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'linking' AND name = '0002_search_index'")
        response = Client().get("/readyz")
        assert (response.status_code, parts(response)) == (503, ["migrations"])

    def test_lists_a_secret_that_cannot_be_opened(self, everybody_beats):
        make_integration()
        Secret.objects.filter(name="login_secret_key").update(sealed="v1:nonsense")
        response = Client().get("/readyz")
        assert (response.status_code, parts(response)) == (503, ["secret"])
        assert response.json()[0]["detail"] == "Integration acme: login_secret_key cannot be opened."

    def test_lists_a_reference_that_leads_nowhere_without_naming_it(self, everybody_beats, monkeypatch):
        monkeypatch.setenv("SECRET_OF_ACME", LOGIN_SECRET_KEY)
        make_integration(secrets={"login_secret_key": "env:SECRET_OF_ACME"})
        monkeypatch.delenv("SECRET_OF_ACME")
        response = Client().get("/readyz")
        assert (response.status_code, b"SECRET_OF_ACME" in response.content) == (503, False)

    def test_is_degraded_when_the_broker_is_away(self, everybody_beats, monkeypatch):
        monkeypatch.setattr(health.queue, "is_there", lambda: False)
        response = Client().get("/readyz")
        assert (response.status_code, response.json()["status"], parts(response)) == (200, "degraded", ["broker"])

    def test_is_degraded_when_nobody_beats(self):
        assert parts(Client().get("/readyz")) == ["beat", "worker"]

    def test_is_degraded_when_the_sync_is_stale(self, everybody_beats):
        make_integration()
        Integration.objects.update(last_success_at=timezone.now() - timezone.timedelta(hours=1))
        assert parts(Client().get("/readyz")) == ["sync"]

    def test_is_degraded_when_the_sync_is_blocked(self, everybody_beats):
        make_integration(blocked_reason="credentials")
        assert parts(Client().get("/readyz")) == ["sync"]

    def test_is_degraded_when_an_old_configuration_is_in_use(self, everybody_beats, monkeypatch):
        monkeypatch.setattr(registry, "is_stale", lambda: True)
        assert parts(Client().get("/readyz")) == ["configuration"]


class TestBroker:
    def test_is_asked_for_at_most_every_five_seconds(self, monkeypatch):
        asked = []
        monkeypatch.setattr(health.queue, "is_there", lambda: asked.append(1) or True)
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
        assert with_token("agents").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200

    def test_are_refused_to_a_token_of_somebody_in_no_group(self, with_token):
        assert with_token("").get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403

    def test_say_so_when_the_database_is_away(self, monkeypatch):
        def fail(**_options):
            raise OperationalError("gone")

        monkeypatch.setattr(feature, "standings", fail)
        assert Client().get("/metrics", HTTP_HOST="localhost").status_code == 503


class TestIsFromHere:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
    def test_knows_this_machine_by_its_names(self, host):
        request = RequestFactory().get("/metrics", HTTP_HOST=host)
        assert health._is_from_here(request)
