"""Calls that leave one by one, wait, and are tried again."""

from datetime import timedelta

import pytest

from linking.clients.zendesk_api import ZendeskGone, ZendeskRefused, ZendeskTryLater
from linking.sync.calls_with_retries import TRIES, PacedCaller, PassStopped
from linking.sync.chat.source import ChatSource
from linking.sync.chat.zendesk_host import replace_retired_host
from tests.factories import make_config
from tests.linking.sync.fake_chat import NOW, FakeTime, patience

pytestmark = pytest.mark.django_db
FAULT = ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault")


class Calls:
    """Raises what it was given, one by one, and then returns "done"."""

    def __init__(self, *faults):
        self.faults = list(faults)

    def __call__(self):
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def caller(*, time=None, **changes):
    options = {"account": "a", "per_minute": 60, "patience": patience(), "keep": lambda: None} | changes
    return PacedCaller(clock=(time or FakeTime()).clock, **options)


class TestAsk:
    def test_returns_the_answer(self):
        assert caller().ask(Calls()) == "done"

    def test_counts_every_try(self):
        one = caller()
        one.ask(Calls(FAULT, FAULT))
        assert one.calls == 3

    def test_leaves_at_the_pace_of_the_budget(self):
        time = FakeTime()
        one = caller(time=time)
        for _ in range(4):
            one.ask(Calls())
        assert time.now - NOW == timedelta(seconds=3)

    def test_gives_up_after_some_tries(self):
        with pytest.raises(PassStopped) as caught:
            caller().ask(Calls(*[FAULT] * TRIES))
        assert caught.value.reason == "vendor_fault"

    def test_does_not_count_pauses_as_tries(self):
        paused = ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=1)
        assert caller().ask(Calls(*[paused] * 20)) == "done"

    def test_does_not_let_itself_be_put_off_for_ever(self):
        paused = ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=1)
        with pytest.raises(PassStopped):
            caller().ask(Calls(*[paused] * 99))

    def test_does_not_try_again_what_a_person_must_mend(self):
        one = caller()
        with pytest.raises(PassStopped):
            one.ask(Calls(ZendeskRefused("no", reason="scope")))
        assert one.calls == 1

    def test_hands_on_that_a_visitor_is_gone(self):
        with pytest.raises(ZendeskGone):
            caller().ask(Calls(ZendeskGone("gone")))


class TestWait:
    def test_keeps_the_lease_alive_through_a_long_one(self):
        kept = []
        one = caller(patience=patience(longest_wait_s=600.0), keep=lambda: kept.append(1))
        one.wait(seconds=100, reason="budget")
        assert len(kept) >= 10

    def test_takes_no_longer_when_the_clock_is_set_back(self):
        time = FakeTime(now=NOW + timedelta(hours=2))
        one = caller(time=time, patience=patience(longest_wait_s=600.0))
        one.started_at = NOW
        kept = iter([None, timedelta(hours=-1)])
        one.keep = lambda: setattr(time, "now", time.now + (next(kept, None) or timedelta(0)))
        one.wait(seconds=100, reason="budget")
        assert sum(time.sleeps) == 100

    def test_ends_when_the_clock_is_set_back_before_the_beginning(self):
        time = FakeTime()
        one = caller(time=time)
        time.now -= timedelta(hours=1)
        with pytest.raises(PassStopped):
            one.ask(Calls())

    def test_says_how_long_it_would_have_been(self):
        with pytest.raises(PassStopped) as caught:
            caller().wait(seconds=61, reason="budget")
        assert (caught.value.reason, caught.value.resume_in_s) == ("budget", 61)

    def test_ends_while_the_process_ends(self):
        time = FakeTime()
        one = caller(time=time, patience=patience(is_stopping=lambda: len(time.sleeps) > 1))
        with pytest.raises(PassStopped):
            one.wait(seconds=60, reason="budget")
        assert sum(time.sleeps) == 20


class TestCurrentHost:
    def test_tells_the_admin_what_to_change(self):
        config = make_config(zendesk_api_url="https://www.zopim.com/api/v2", zendesk_subdomain="acme")
        moved, notice = replace_retired_host(config)
        assert moved.zendesk_api_url == "https://acme.zendesk.com/api/v2/chat"
        assert "zendesk_api_url" in notice

    def test_says_nothing_where_nothing_is_to_be_done(self):
        config = make_config()
        assert replace_retired_host(config) == (config, "")


class TestOpenClient:
    def test_repeats_which_secret_cannot_be_had(self):
        config = make_config(zendesk_access_token="")
        with pytest.raises(PassStopped, match="the variable CHAT is not set"):
            ChatSource().open_client(
                config=config, problems=["the variable CHAT is not set or empty."], allow_loopback=False
            )

    def test_refuses_an_address_that_may_not_be_called(self):
        with pytest.raises(PassStopped) as caught:
            ChatSource().open_client(
                config=make_config(zendesk_api_url="http://10.0.0.1"), problems=[], allow_loopback=True
            )
        assert caught.value.reason == "host"
