"""Which of Zendesk's two addresses answers, where an integration's address is `auto`."""

import socket
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest

from linking import registry
from linking.clients.vendor_urls import candidate_addresses
from linking.clients.zendesk_api import ZendeskBroken, ZendeskRefused, ZendeskTryLater
from linking.models import ChatHost, Integration, SyncRun
from linking.sync import run as sync
from linking.sync.calls_with_retries import PassStopped
from linking.sync.chat import zendesk_host as hosts
from linking.sync.chat.source import ChatSource
from linking.sync.chat.zendesk_host import find_answering_host, find_other_host, look
from tests.factories import make_config, make_integration
from tests.linking.sync.fake_chat import FakeChat, FakeTime, patience
from tests.linking.sync.test_calls_with_retries import caller

pytestmark = pytest.mark.django_db
NEW, OLD = candidate_addresses("acme")
NO_API = ZendeskRefused("There is no Zendesk Chat API at this address (404).", reason="host")
AWAY = ZendeskTryLater("The connection failed (ConnectionError).", reason="vendor_fault")
REFUSED = ZendeskRefused("Zendesk refused the access token (401).", reason="credentials")


class Addresses:
    """Stands for both addresses: what each raises when it is asked who owns the token, None for a good answer."""

    def __init__(self, **by_name):
        self.faults = {NEW: by_name.get("new"), OLD: by_name.get("old")}
        self.asked = Counter()

    def __call__(self, *, base_url, access_token, allow_loopback):
        def agents_me():
            self.asked[base_url] += 1
            if self.faults[base_url]:
                raise self.faults[base_url]
            return SimpleNamespace(agent_id="1")

        return SimpleNamespace(agents_me=agents_me, close=lambda: None)


@pytest.fixture
def addresses(monkeypatch):
    def answering(**by_name):
        found = Addresses(**by_name)
        monkeypatch.setattr(hosts, "ChatClient", found)
        return found

    return answering


@pytest.fixture
def acme():
    return make_integration(zendesk_api_url="auto", requests_per_minute=100_000)


def config_of(acme):
    return registry.config_of(Integration.objects.get(pk=acme.pk))[0]


def seek(acme, time=None, **options):
    return find_answering_host(
        config_of(acme), caller=caller(time=time), allow_loopback=False, **options
    ).zendesk_api_url


class TestLook:
    @pytest.mark.parametrize(
        ("by_name", "url"),
        [
            ({}, NEW),
            ({"new": NO_API}, OLD),
            ({"new": AWAY}, OLD),
            ({"new": ZendeskBroken("The agent answer is not JSON.")}, OLD),
            ({"new": REFUSED}, OLD),
            ({"new": NO_API, "old": AWAY}, ""),
        ],
    )
    def test_finds_the_address_that_answers_as_chat_does(self, addresses, by_name, url):
        addresses(**by_name)
        assert look(config=make_config(), allow_loopback=False).url == url

    def test_asks_the_retired_one_only_where_todays_does_not_answer(self, addresses):
        asked = addresses().asked
        look(config=make_config(), allow_loopback=False)
        assert asked == {NEW: 1}

    def test_says_what_the_others_did(self, addresses):
        addresses(new=NO_API)
        assert look(config=make_config(), allow_loopback=False).failures == ((NEW, str(NO_API)),)

    def test_takes_no_other_shape_for_an_answer(self, monkeypatch):
        nobody = SimpleNamespace(agents_me=lambda: SimpleNamespace(agent_id=""), close=lambda: None)
        monkeypatch.setattr(hosts, "ChatClient", lambda **_options: nobody)
        assert look(config=make_config(), allow_loopback=False).url == ""

    def test_connects_to_no_inward_address(self, monkeypatch):
        inward = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
        monkeypatch.setattr("linking.clients.outbound.socket.getaddrinfo", lambda *_args, **_options: inward)
        found = look(config=make_config(), allow_loopback=True)
        assert [flaw.endswith("may not be called.") for _url, flaw in found.failures] == [True, True]


class TestFoundHost:
    def test_leaves_a_written_address_alone(self, addresses):
        asked = addresses().asked
        acme = make_integration(zendesk_api_url=NEW)
        assert (seek(acme), asked) == (NEW, {})

    def test_keeps_what_it_found(self, acme, addresses):
        addresses(new=NO_API)
        assert (seek(acme), config_of(acme).zendesk_api_url) == (OLD, OLD)

    def test_asks_once_a_day(self, acme, addresses):
        asked, time = addresses().asked, FakeTime()
        for _hour in range(49):
            seek(acme, time)
            time.now += timedelta(hours=1)
        assert asked == {NEW: 3}

    def test_comes_back_to_todays_address(self, acme, addresses):
        time = FakeTime()
        addresses(new=NO_API)
        seek(acme, time)
        addresses()
        time.now += timedelta(days=1)
        assert seek(acme, time) == NEW

    def test_keeps_the_address_where_none_answers(self, acme, addresses):
        time = FakeTime()
        addresses(new=NO_API)
        seek(acme, time)
        addresses(new=AWAY, old=AWAY)
        time.now += timedelta(days=1)
        assert seek(acme, time) == OLD

    def test_begins_anew_for_another_subdomain(self, acme, addresses):
        addresses(new=NO_API)
        seek(acme)
        Integration.objects.update(zendesk_subdomain="other")
        assert config_of(acme).zendesk_api_url == candidate_addresses("other")[0]

    def test_lets_a_pause_be_a_pause(self, acme, addresses):
        paused = ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=90)
        asked = addresses(new=paused).asked
        with pytest.raises(PassStopped) as caught:
            seek(acme)
        assert (caught.value.reason, asked) == ("vendor_pause", {NEW: 1})


class TestOtherHost:
    def other(self, acme, reason, time=None):
        return find_other_host(config_of(acme), reason=reason, caller=caller(time=time), allow_loopback=False)

    def test_is_looked_for_at_once_when_there_is_no_api(self, acme, addresses):
        addresses()
        seek(acme)
        addresses(new=NO_API)
        assert self.other(acme, "host").zendesk_api_url == OLD

    def test_is_none_where_the_same_answers_again(self, acme, addresses):
        addresses()
        seek(acme)
        assert self.other(acme, "host") is None

    def test_is_looked_for_a_quarter_of_an_hour_after_faults(self, acme, addresses):
        time = FakeTime()
        addresses()
        seek(acme, time)
        asked = addresses(new=AWAY).asked
        for _minute in range(15):
            self.other(acme, "vendor_fault", time)
            seek(acme, time)
            time.now += timedelta(minutes=1)
        before = dict(asked)
        assert (before, seek(acme, time), asked) == ({}, OLD, {NEW: 1, OLD: 1})

    def test_is_not_looked_for_where_the_address_was_written(self, addresses):
        asked = addresses().asked
        assert (self.other(make_integration(zendesk_api_url=NEW), "host"), asked) == (None, {})


class TestWholePass:
    @pytest.fixture
    def chats(self, monkeypatch):
        """An account behind each address; what is set to None answers 404."""
        chats = {NEW: FakeChat(), OLD: FakeChat()}
        monkeypatch.setattr(
            ChatSource, "open_client", lambda _source, *, config, **_options: chats[config.zendesk_api_url]
        )
        return chats

    def run(self, acme):
        options = {"trigger": "schedule", "patience": patience(), "allow_loopback": False}
        return sync.run_pass(integration_id=acme.pk, clock=FakeTime().clock, **options)

    def test_goes_on_at_the_other_address(self, acme, addresses, chats):
        addresses()
        self.run(acme)
        addresses(new=NO_API)
        chats[NEW].faults = [NO_API]
        chats[OLD].populate(["u0"])
        report = self.run(acme)
        assert (report.is_complete, report.run.linked, "Only the retired host" in report.detail) == (True, 1, True)

    def test_waits_for_a_person_where_neither_answers(self, acme, addresses, chats):
        asked = addresses(new=NO_API, old=NO_API).asked
        chats[NEW].faults = [NO_API]
        self.run(acme)
        assert (Integration.objects.get().blocked_reason, asked) == ("host", {NEW: 2, OLD: 2})

    def test_counts_its_look(self, acme, addresses, chats):
        addresses()
        self.run(acme)
        calls_with_look = SyncRun.objects.get().calls
        self.run(acme)
        assert calls_with_look == SyncRun.objects.first().calls + 2  # the look, and the bans of the first hour

    def test_remembers_that_calls_failed(self, acme, addresses, chats):
        addresses()
        chats[NEW].faults = [AWAY] * 5
        self.run(acme)
        assert ChatHost.objects.get().doubted_at is not None
