"""Whole passes over HTTP against the sandbox, a program that shares no code with the sync."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from linking.clients.oauth_messages import authorize_url
from linking.clients.zendesk_oauth import OAuthClient
from linking.models import Lease, Quarantined, SyncRun, VisitorLink, keep_secret
from linking.sync import run as sync
from linking.sync.store import connections
from tests.factories import make_integration
from tests.linking.sync.fake_chat import FakeTime, patience
from tests.sandbox_process import ROOT, sandbox_process, wait_until

MIXTURE = {"anonymous_share": 0.3, "shared": 20, "aliases": 30, "gone": 10, "junk": 10, "malformed": 10, "seed": 3}


@pytest.fixture(scope="module")
def process():
    with sandbox_process() as found:
        yield found


@pytest.fixture
def sandbox(process):
    process.control("reset", empty=True)
    process.control("faults", clear=True, limit_per_minute=0)
    return process


def make_acme(sandbox, **changes):
    return make_integration(
        secrets={"zendesk_access_token": "sandbox-chat-token"},
        zendesk_api_url=f"{sandbox.url}/api/v2/chat",
        **({"requests_per_minute": 100_000} | changes),
    )


def run(acme, **changes):
    clock = FakeTime(now=datetime.now(tz=UTC)).clock
    options = {"trigger": "command", "is_eager": True, "patience": patience(), "allow_loopback": True} | changes
    return sync.run_pass(integration_id=acme.pk, clock=clock, **options)


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


@pytest.mark.django_db
class TestConnection:
    """A pass whose access token was revoked at the sandbox, with a refresh token in hand."""

    CLIENT = {"client_id": "sandbox-public-client", "client_secret": "sandbox-public-client-secret-not-real"}
    BACK = "http://localhost:8000/zendesk/callback/"

    @pytest.fixture
    def acme(self, sandbox):
        sandbox.control("seed", visitors=20, chats=40, seed=3)
        acme = make_acme(sandbox, zendesk_client_id=self.CLIENT["client_id"])
        secret = {"name": "zendesk_client_secret", "plain": self.CLIENT["client_secret"]}
        keep_secret(integration=acme, **secret, actor="tests", now=timezone.now())
        client = OAuthClient(authority=sandbox.url, **self.CLIENT, allow_loopback=True)
        tokens = client.exchange(code=self.code(sandbox), redirect_url=self.BACK)
        kept = {"authority": sandbox.url, "tokens": tokens, "actor": "tests", "now": timezone.now()}
        connections.keep_connection(integration=acme, **kept)
        return acme

    def code(self, sandbox):
        asked = {"client_id": self.CLIENT["client_id"], "redirect_url": self.BACK, "state": "s"}
        address = urlsplit(authorize_url(authority=sandbox.url, **asked))
        with closing(HTTPConnection(address.netloc)) as connection:
            connection.request("GET", f"{address.path}?{address.query}")
            return parse_qs(urlsplit(connection.getresponse().headers["Location"]).query)["code"][0]

    def revoke(self, sandbox):
        with closing(HTTPConnection(urlsplit(sandbox.url).netloc)) as connection:
            bearer = {"Authorization": "Bearer sandbox-chat-token"}
            connection.request("DELETE", "/api/v2/chat/oauth/tokens/1", headers=bearer)
            assert connection.getresponse().status == 204

    def test_goes_on_with_the_token_that_follows(self, acme, sandbox):
        self.revoke(sandbox)
        assert (run(acme).is_complete, mapping()) == (True, sandbox.truth())

    def test_asks_for_a_person_when_the_answer_is_lost_and_spends_nothing_twice(self, acme, sandbox):
        self.revoke(sandbox)
        sandbox.control("faults", path="^/oauth2/", kind="reset", times=1)
        reports = [run(acme), run(acme)]
        stats = sandbox.read("stats")["calls"]
        assert [report.reason for report in reports] == ["credentials", "credentials"]
        assert ("connect with Zendesk again" in reports[0].detail, stats["POST /oauth2/chat/token"]) == (True, 2)


@pytest.mark.django_db
class TestManyTies:
    def test_finds_the_truth_with_hardly_a_call_too_many(self, sandbox):
        sandbox.control("seed", visitors=300, chats=2500, ties=1500, **MIXTURE)
        report = run(make_acme(sandbox))
        assert (report.is_complete, mapping()) == (True, sandbox.truth())
        assert sandbox.chat_calls() <= 1.05 * (report.run.pages + report.run.visitors_found)

    def test_needs_hardly_a_call_the_second_time(self, sandbox):
        sandbox.control("seed", visitors=50, chats=2500, ties=1500, **MIXTURE | {"shared": 2, "aliases": 2})
        acme = make_acme(sandbox)
        run(acme)
        before = sandbox.chat_calls()
        assert run(acme).is_complete
        assert sandbox.chat_calls() - before <= 3

    def test_sets_malformed_records_aside(self, sandbox):
        sandbox.control("seed", visitors=100, chats=150, malformed=10, seed=5)
        run(make_acme(sandbox))
        assert Quarantined.objects.exists()
        assert mapping() == sandbox.truth()


@pytest.mark.django_db
class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "status", "status": 429, "body": "html"},
            {"kind": "status", "status": 429, "retry_after": "soon", "body": "text"},
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 502, "body": "html"},
            {"kind": "empty"},
            {"kind": "truncated"},
            {"kind": "html200"},
            {"kind": "garbage"},
            {"kind": "null"},
            {"kind": "drop"},
        ],
        ids=lambda fault: "-".join(str(value) for value in fault.values()),
    )
    def test_finds_the_truth_all_the_same(self, sandbox, fault):
        sandbox.control("seed", visitors=40, chats=60, ties=20, seed=2)
        sandbox.control("faults", every=5, **fault)
        report = run(make_acme(sandbox))
        assert (report.is_complete, mapping()) == (True, sandbox.truth())

    def test_stops_at_a_refused_token(self, sandbox):
        acme = make_acme(sandbox)
        sandbox.control("faults", every=1, status=401)
        assert run(acme).reason == "credentials"

    @pytest.mark.parametrize(("at_most", "pages"), [(7, 9), (10, 7), (60, 2), (61, 1)])
    def test_reads_on_where_pages_are_smaller_than_was_asked_for(self, sandbox, at_most, pages):
        sandbox.control("seed", visitors=40, chats=60, ties=20, seed=2)
        sandbox.control("faults", export_page_at_most=at_most)
        report = run(make_acme(sandbox))
        assert (report.is_complete, mapping(), report.run.pages) == (True, sandbox.truth(), pages)

    def test_ends_although_half_of_the_cursor_is_ignored(self, sandbox):
        sandbox.control("seed", visitors=30, chats=1300, ties=1200, seed=2)
        sandbox.control("faults", ignore_start_id=True)
        report = run(make_acme(sandbox))
        sandbox.control("faults", ignore_start_id=False)
        assert report.is_complete


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestKilledWorker:
    def environment(self):
        database = connection.settings_dict
        url = f"sqlite:///{database['NAME']}"
        if connection.vendor == "postgresql":
            url = f"postgresql://{database['HOST']}/{database['NAME']}"
        return os.environ | {
            "DATABASE_URL": url,
            "ZDBRIDGE_DATA_DIR": str(settings.DATA_DIR),
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        }

    def test_loses_and_doubles_nothing(self, sandbox):
        sandbox.control("seed", visitors=150, chats=200, ties=50, **MIXTURE)
        acme = make_acme(sandbox, requests_per_minute=3000)
        command = [sys.executable, "manage.py", "sync_visitors", "acme"]
        worker = subprocess.Popen(command, cwd=ROOT, env=self.environment(), stdout=subprocess.DEVNULL)
        wait_until(lambda: SyncRun.objects.filter(lookups__gt=0).exists())
        worker.kill()
        worker.wait(timeout=10)
        assert not SyncRun.objects.filter(state="complete").exists()
        Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert run(acme).is_complete
        assert mapping() == sandbox.truth()
        assert SyncRun.objects.filter(stop_reason="killed").count() == 1
