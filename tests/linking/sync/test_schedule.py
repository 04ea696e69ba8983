"""Which integration is due, and when the next pass is."""

from datetime import timedelta

import pytest

from linking.models import Integration, SyncRun
from linking.sync import schedule
from linking.sync.store import leases
from tests.factories import NOW, make_integration, make_login_user, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def after_success(*, seconds_ago):
    at = NOW - timedelta(seconds=seconds_ago)
    Integration.objects.update(last_success_at=at, next_sync_at=at + schedule.EVERY)


def await_someone(acme, *, minutes_ago=1):
    at = NOW - timedelta(minutes=minutes_ago)
    make_login_user(integration=acme, first_authenticated_at=at, last_authenticated_at=at, tokens_issued=1)


class TestDue:
    def test_names_one_that_never_ran(self, acme):
        assert schedule.list_due(now=NOW) == [acme.pk]

    @pytest.mark.parametrize("off", [{"enabled": False}, {"sync_enabled": False}, {"blocked_reason": "credentials"}])
    def test_leaves_out_one_that_is_switched_off(self, acme, off):
        Integration.objects.update(**off)
        assert schedule.list_due(now=NOW) == []

    @pytest.mark.parametrize(
        "lacks",
        [
            {"secrets": {"zendesk_access_token": ""}},
            {"secrets": {"zendesk_shared_secret": ""}},
            {"secrets": {"login_secret_key": ""}},
            {"zendesk_subdomain": ""},
        ],
    )
    def test_leaves_out_one_that_is_unfinished(self, lacks):
        make_integration(**lacks)
        assert schedule.list_due(now=NOW) == []

    def test_leaves_out_a_blocked_one_until_it_is_tried_again(self, acme):
        Integration.objects.update(blocked_reason="host", next_sync_at=NOW)
        dues = [schedule.list_due(now=NOW - timedelta(seconds=1)), schedule.list_due(now=NOW)]
        assert dues == [[], [acme.pk]]

    def test_is_not_fooled_about_a_blocked_one_by_a_clock_that_ran_ahead(self, acme):
        Integration.objects.update(blocked_reason="host", next_sync_at=NOW + timedelta(hours=2))
        assert schedule.list_due(now=NOW) == [acme.pk]

    def test_leaves_out_one_that_is_running(self, acme):
        leases.take(name=leases.sync_lease_name(integration_id=acme.pk))
        assert schedule.list_due(now=NOW) == []

    def test_leaves_out_a_messaging_account_without_chat_token(self):
        make_integration(zendesk_product="messaging", secrets={"zendesk_access_token": ""})
        assert schedule.list_due(now=NOW) == []

    @pytest.mark.parametrize(("minutes", "is_due"), [(10, False), (12, True)])
    def test_is_not_fooled_by_a_clock_that_ran_ahead(self, acme, minutes, is_due):
        Integration.objects.update(next_sync_at=NOW + timedelta(minutes=minutes))
        assert (schedule.list_due(now=NOW) == [acme.pk]) == is_due

    @pytest.mark.parametrize(("seconds_ago", "is_due"), [(59, False), (60, True)])
    def test_comes_once_a_minute(self, acme, seconds_ago, is_due):
        after_success(seconds_ago=seconds_ago)
        assert (schedule.list_due(now=NOW) == [acme.pk]) == is_due

    @pytest.mark.parametrize(("seconds_ago", "is_due"), [(14, False), (15, True)])
    def test_comes_sooner_while_someone_is_awaited(self, acme, seconds_ago, is_due):
        after_success(seconds_ago=seconds_ago)
        await_someone(acme)
        assert (schedule.list_due(now=NOW) == [acme.pk]) == is_due

    def test_does_not_hurry_for_someone_of_long_ago(self, acme):
        after_success(seconds_ago=30)
        await_someone(acme, minutes_ago=11)
        assert schedule.list_due(now=NOW) == []

    def test_does_not_hurry_through_a_pause(self, acme):
        at = NOW - timedelta(seconds=30)
        Integration.objects.update(last_success_at=at, next_sync_at=NOW + timedelta(seconds=300))
        await_someone(acme)
        assert schedule.list_due(now=NOW) == []


class TestClaim:
    def test_succeeds_once(self, acme):
        assert [schedule.claim(integration_id=acme.pk, now=NOW) for _ in range(2)] == [True, False]

    def test_lapses_when_the_message_was_lost(self, acme):
        schedule.claim(integration_id=acme.pk, now=NOW)
        assert schedule.claim(integration_id=acme.pk, now=NOW + schedule.QUEUED_FOR)

    def test_is_not_repeated_while_someone_is_awaited(self, acme):
        after_success(seconds_ago=20)
        await_someone(acme)
        later = NOW + timedelta(seconds=5)
        claims = [schedule.claim(integration_id=acme.pk, now=now) for now in (NOW, later)]
        assert claims == [True, False]

    def test_fails_for_one_that_was_removed(self):
        assert not schedule.claim(integration_id=99, now=NOW)


class TestIsWanted:
    def test_a_pass_that_was_claimed(self, acme):
        schedule.claim(integration_id=acme.pk, now=NOW)
        assert schedule.is_wanted(integration_id=acme.pk, now=NOW)

    def test_another_try_of_a_blocked_one_that_was_claimed(self, acme):
        Integration.objects.update(blocked_reason="host", next_sync_at=NOW, last_success_at=NOW)
        schedule.claim(integration_id=acme.pk, now=NOW)
        assert schedule.is_wanted(integration_id=acme.pk, now=NOW)

    def test_not_a_second_message_about_one_that_was_just_blocked(self, acme):
        schedule.claim(integration_id=acme.pk, now=NOW)
        schedule.settle(integration=acme, ending=schedule.Ending(reason="host"), now=NOW)
        assert not schedule.is_wanted(integration_id=acme.pk, now=NOW)

    def test_not_one_that_lost_a_secret_meanwhile(self, acme):
        acme.secrets.filter(name="zendesk_access_token").delete()
        assert not schedule.is_wanted(integration_id=acme.pk, now=NOW)


class TestUnfinishedSetUps:
    """A secret that is set and cannot be had in the worker: nothing the card can know before a pass says so."""

    def stop(self, acme, *, minutes, detail="the variable A is not set or empty.", trigger="schedule"):
        at = NOW + timedelta(minutes=minutes)
        make_run(
            integration=acme, trigger=trigger, state="stopped", stop_reason="setup", stop_detail=detail, started_at=at
        )
        is_by_hand = trigger == "command"
        schedule.settle(integration=acme, ending=schedule.Ending(reason="setup", is_by_hand=is_by_hand), now=at)

    def test_are_looked_at_again_every_five_minutes(self, acme):
        self.stop(acme, minutes=0)
        assert Integration.objects.get().next_sync_at == NOW + timedelta(minutes=5)

    def test_leave_the_first_pass_and_the_last_that_said_so(self, acme):
        for number in range(9):
            self.stop(acme, minutes=5 * number)
        kept = SyncRun.objects.order_by("started_at").values_list("started_at", flat=True)
        assert list(kept) == [NOW, NOW + timedelta(minutes=40)]

    def test_that_say_something_else_are_kept(self, acme):
        for number in range(4):
            self.stop(acme, minutes=number, detail=f"the variable {number} is not set or empty.")
        assert SyncRun.objects.count() == 4

    def test_that_a_command_found_delay_nothing(self, acme):
        self.stop(acme, minutes=0, trigger="command")
        assert (schedule.list_due(now=NOW), schedule.count_consecutive_faults(integration_id=acme.pk)) == ([acme.pk], 0)


class TestQuietRuns:
    def test_are_dropped_after_a_day(self, acme):
        old = NOW - timedelta(days=2)
        make_run(integration=acme, started_at=old)
        kept = make_run(integration=acme, started_at=old, lookups=1)
        schedule.settle(integration=acme, ending=schedule.Ending(), now=NOW)
        assert list(SyncRun.objects.all()) == [kept]


class TestConsecutiveFaults:
    def test_counts_back_to_the_last_pass_that_worked(self, acme):
        for minutes, reason in enumerate(["vendor_fault", "", "vendor_fault", "crashed"]):
            state = "stopped" if reason else "complete"
            make_run(integration=acme, state=state, stop_reason=reason, started_at=NOW + timedelta(minutes=minutes))
        assert schedule.count_consecutive_faults(integration_id=acme.pk) == 2


class TestPoke:
    def test_makes_a_pass_due_before_its_time(self, acme):
        after_success(seconds_ago=schedule.EVERY_POKED.total_seconds())
        schedule.poke(integration_id=acme.pk, now=NOW)
        assert schedule.list_due(now=NOW) == [acme.pk]

    def test_never_closer_to_the_last_one_than_five_seconds(self, acme):
        after_success(seconds_ago=4)
        schedule.poke(integration_id=acme.pk, now=NOW)
        assert schedule.list_due(now=NOW) == []

    def test_many_are_one(self, acme):
        after_success(seconds_ago=30)
        for _ in range(3):
            schedule.poke(integration_id=acme.pk, now=NOW)
        assert [schedule.claim(integration_id=acme.pk, now=NOW) for _ in range(3)] == [True, False, False]

    def test_sits_out_a_pause(self, acme):
        Integration.objects.update(last_success_at=NOW - timedelta(hours=1), next_sync_at=NOW + timedelta(seconds=90))
        schedule.poke(integration_id=acme.pk, now=NOW)
        assert schedule.list_due(now=NOW) == []

    @pytest.mark.parametrize("off", [{"enabled": False}, {"sync_enabled": False}, {"blocked_reason": "credentials"}])
    def test_wakes_nothing_that_is_switched_off(self, acme, off):
        after_success(seconds_ago=30)
        Integration.objects.update(**off)
        schedule.poke(integration_id=acme.pk, now=NOW)
        assert schedule.list_due(now=NOW) == []

    def test_counts_for_the_next_pass_when_it_comes_during_one(self, acme):
        schedule.take_poke(integration_id=acme.pk)
        schedule.poke(integration_id=acme.pk, now=NOW - timedelta(seconds=20))
        after_success(seconds_ago=10)
        assert schedule.list_due(now=NOW) == [acme.pk]

    def test_is_answered_by_the_pass_that_begins_after_it(self, acme):
        schedule.poke(integration_id=acme.pk, now=NOW)
        schedule.take_poke(integration_id=acme.pk)
        after_success(seconds_ago=10)
        assert schedule.list_due(now=NOW) == []
