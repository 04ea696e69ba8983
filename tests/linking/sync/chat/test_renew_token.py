"""A connection's access token, renewed in time or after a refusal, and never twice with one refresh token."""

from datetime import timedelta

import pytest

from linking import registry
from linking.clients.zendesk_api import ZendeskRefused, ZendeskTryLater
from linking.clients.zendesk_oauth import OAuthLost, OAuthRefused, OAuthTryLater
from linking.models import Integration, Secret, ZendeskConnection, keep_secret
from linking.sync import refresh
from linking.sync import run as sync
from linking.sync.calls_with_retries import PassStopped
from linking.sync.chat import renew_token as renewing
from linking.sync.chat.renew_token import renew_after, renew_in_time
from linking.sync.chat.source import ChatSource
from linking.sync.store import connections
from linking.sync.store.connections import CONNECT_AGAIN
from tests.factories import NOW, make_integration, make_visitor
from tests.linking.sync.fake_chat import FakeChat, FakeTime, patience
from tests.linking.sync.store.test_connections import make_connection, make_tokens

pytestmark = pytest.mark.django_db
REFUSED = ZendeskRefused("Zendesk refused the access token (401).", reason="credentials")
SECRET = "client-secret-of-acme-for-tests-only"
HOUR = timedelta(hours=1)
AWAY, GRANT = OAuthTryLater("away"), OAuthRefused("no", code="invalid_grant")


class TokenAddress:
    """Stands for Zendesk's token address: gives the next pair, or raises what it was told to."""

    def __init__(self):
        self.faults, self.used, self.clients, self.before = [], [], [], None

    def __call__(self, **client):
        self.clients.append(client)
        return self

    def refresh(self, *, refresh_token):
        self.used.append(refresh_token)
        if self.before:
            self.before()
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault
        return make_tokens(len(self.used) + 1)

    def close(self):
        pass


@pytest.fixture
def address(monkeypatch):
    found = TokenAddress()
    monkeypatch.setattr(renewing, "OAuthClient", found)
    return found


@pytest.fixture
def acme():
    return make_integration(
        secrets={"zendesk_client_secret": SECRET}, zendesk_client_id="acme-client", requests_per_minute=100_000
    )


@pytest.fixture
def row(acme):
    return make_connection(acme)


def config_of(acme):
    return registry.config_of(Integration.objects.get(pk=acme.pk))[0]


def in_time(acme, *, after=timedelta(0)):
    clock = FakeTime(now=NOW + after).clock
    return renew_in_time(config_of(acme), clock=clock, allow_loopback=False).zendesk_access_token


def after_refusal(acme, *, refusal=REFUSED, config=None):
    halt = PassStopped(str(refusal), reason="credentials")
    halt.__cause__ = refusal
    found = renew_after(halt, config or config_of(acme), clock=FakeTime().clock, allow_loopback=False)
    return found and found.zendesk_access_token


def stands():
    return ZendeskConnection.objects.values_list("state", "flaw").get()


class TestInTime:
    def test_leaves_a_token_with_a_long_life(self, acme, row, address):
        assert (in_time(acme, after=timedelta(minutes=49)), address.used) == ("access-canary-1", [])

    def test_brings_the_next_before_the_end(self, acme, row, address):
        assert (in_time(acme, after=timedelta(minutes=50)), address.used) == ("access-canary-2", ["refresh-canary-1"])

    def test_keeps_the_pair_before_anybody_uses_it(self, acme, row, address):
        in_time(acme, after=HOUR)
        stored = Secret.objects.get(name="zendesk_access_token").reveal()
        assert (stored, ZendeskConnection.objects.get().refresh_token()) == ("access-canary-2", "refresh-canary-2")

    def test_claims_the_refresh_token_before_it_leaves(self, acme, row, address):
        seen = []
        address.before = lambda: seen.append(stands()[0])
        in_time(acme, after=HOUR)
        assert seen == ["renewing"]

    def test_uses_each_refresh_token_once(self, acme, row, address):
        for hours in range(1, 5):
            in_time(acme, after=hours * HOUR)
            ZendeskConnection.objects.update(renew_at=NOW)
        assert address.used == [f"refresh-canary-{number}" for number in range(1, 5)]

    def test_leaves_it_to_the_worker_who_claimed_it(self, acme, row, address):
        connections.claim_renewal(row=row)
        assert (in_time(acme, after=HOUR), address.used) == ("access-canary-1", [])

    def test_speaks_to_the_account_that_consented(self, acme, row, address):
        in_time(acme, after=HOUR)
        assert address.clients[0] == {
            "authority": "https://acme.zendesk.com", "client_id": "acme-client", "client_secret": SECRET,
            "allow_loopback": False,
        }  # fmt: skip

    def test_shows_no_secret_to_another_account(self, acme, row, address):
        Integration.objects.update(zendesk_subdomain="other")
        in_time(acme, after=HOUR)
        assert (stands(), address.clients) == (("lost", "address"), [])

    @pytest.mark.parametrize(
        ("fault", "standing"),
        [
            (GRANT, ("lost", "refused")),
            (OAuthRefused("no", code="invalid_client"), ("lost", "client")),
            (OAuthRefused("no", code="address"), ("lost", "address")),
            (OAuthLost("gone"), ("lost", "answer_lost")),
            (AWAY, ("connected", "")),
        ],
    )
    def test_goes_on_with_the_old_one_where_none_comes(self, acme, row, address, fault, standing):
        address.faults = [fault]
        assert (in_time(acme, after=HOUR), stands()) == ("access-canary-1", standing)

    @pytest.mark.parametrize("fault", [GRANT, OAuthLost("gone")])
    def test_does_not_ask_again_with_what_may_be_used_up(self, acme, row, address, fault):
        address.faults = [fault]
        for hours in range(1, 5):
            in_time(acme, after=hours * HOUR)
        assert len(address.used) == 1

    def test_asks_again_after_the_pause_where_nothing_was_used_up(self, acme, row, address):
        address.faults = [OAuthTryLater("slow", retry_after_s=120)]
        tokens = [in_time(acme, after=HOUR + timedelta(seconds=s)) for s in (0, 119, 120)]
        assert (tokens[-1], address.used) == ("access-canary-3", ["refresh-canary-1"] * 2)

    def test_loses_a_connection_whose_worker_crashed(self, acme, row, address):
        address.faults = [RuntimeError("killed")]
        with pytest.raises(RuntimeError):
            in_time(acme, after=HOUR)
        ZendeskConnection.objects.update(claimed_at=NOW - timedelta(days=1000))
        assert (in_time(acme, after=HOUR), stands(), len(address.used)) == (
            "access-canary-1", ("lost", "answer_lost"), 1,
        )  # fmt: skip

    def test_loses_a_connection_whose_client_is_gone(self, acme, row, address):
        Integration.objects.update(zendesk_client_id="")
        in_time(acme, after=HOUR)
        assert stands() == ("lost", "client")

    def test_loses_a_connection_whose_refresh_token_cannot_be_opened(self, acme, row, address):
        ZendeskConnection.objects.update(refresh_sealed="v1:nonsense")
        in_time(acme, after=HOUR)
        assert (stands(), address.used) == (("lost", "sealed"), [])

    def test_leaves_a_token_that_was_put_in_by_hand(self, acme, row, address):
        keep_secret(integration=acme, name="zendesk_access_token", plain="by-hand", actor="ada", now=NOW)
        assert (in_time(acme, after=HOUR), address.used) == ("by-hand", [])

    def test_has_nothing_to_do_without_a_connection(self, acme, address):
        assert (in_time(acme, after=HOUR), address.used) == (config_of(acme).zendesk_access_token, [])


class TestAfterRefusal:
    def test_brings_the_next(self, acme, row, address):
        assert after_refusal(acme) == "access-canary-2"

    def test_takes_what_another_worker_brought(self, acme, row, address):
        before = config_of(acme)
        number = connections.claim_renewal(row=row)
        connections.keep_renewed(row=row, number=number, tokens=make_tokens(9), now=NOW)
        assert (after_refusal(acme, config=before), address.used) == ("access-canary-9", [])

    def test_waits_for_another_worker(self, acme, row, address):
        connections.claim_renewal(row=row)
        with pytest.raises(PassStopped) as caught:
            after_refusal(acme)
        assert (caught.value.reason, caught.value.resume_in_s, address.used) == ("vendor_fault", 5.0, [])

    def test_tries_later_where_the_token_address_is_away(self, acme, row, address):
        address.faults = [AWAY]
        with pytest.raises(PassStopped) as caught:
            after_refusal(acme)
        assert caught.value.reason == "vendor_fault"

    @pytest.mark.parametrize("fault", [GRANT, OAuthLost("gone")])
    def test_asks_for_a_person_where_it_is_lost(self, acme, row, address, fault):
        address.faults = [fault]
        with pytest.raises(PassStopped, match="connect with Zendesk again") as caught:
            after_refusal(acme)
        assert caught.value.reason == "credentials"

    def test_asks_for_a_person_where_there_is_no_refresh_token(self, acme, address):
        make_connection(acme, refresh_token="")
        with pytest.raises(PassStopped, match="connect with Zendesk again"):
            after_refusal(acme)

    @pytest.mark.parametrize(
        "refusal", [ZendeskRefused("no role (403)", reason="scope"), ZendeskTryLater("away", reason="vendor_fault")]
    )
    def test_leaves_other_troubles_alone(self, acme, row, address, refusal):
        assert (after_refusal(acme, refusal=refusal), address.used) == (None, [])

    def test_leaves_tokens_put_in_by_hand_alone(self, acme, address):
        assert after_refusal(acme) is None


class TestWholePass:
    @pytest.fixture
    def chat(self, monkeypatch):
        fake = FakeChat()
        monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
        return fake

    def run(self, acme, at=NOW):
        options = {"trigger": "schedule", "patience": patience(), "allow_loopback": False}
        return sync.run_pass(integration_id=acme.pk, clock=FakeTime(now=at).clock, **options)

    def test_goes_on_with_the_next_token(self, acme, row, address, chat):
        chat.populate(["u0"])
        chat.faults = [REFUSED]
        report = self.run(acme)
        assert (report.is_complete, report.run.linked, address.used) == (True, 1, ["refresh-canary-1"])

    def test_renews_once_and_then_waits_for_a_person(self, acme, row, address, chat):
        chat.faults = [REFUSED] * 9
        report = self.run(acme)
        assert (report.reason, len(address.used), Integration.objects.get().blocked_reason) == (
            "credentials", 1, "credentials",
        )  # fmt: skip

    def test_tells_in_the_run_that_a_person_must_connect(self, acme, row, address, chat):
        chat.faults, address.faults = [REFUSED], [OAuthLost("gone")]
        assert CONNECT_AGAIN in self.run(acme).run.stop_detail


class TestOneVisitor:
    def test_is_read_with_the_next_token(self, acme, row, address, monkeypatch):
        fake = FakeChat()
        fake.add_visitor("7.a", external_id="u")
        fake.faults = [REFUSED]
        monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
        report = refresh.refresh_visitor(
            visitor_pk=make_visitor(integration=acme, visitor_id="7.a").pk,
            clock=FakeTime(now=NOW).clock,
            patience=patience(),
            allow_loopback=False,
        )
        assert (report.queued_because, address.used) == ("", ["refresh-canary-1"])
