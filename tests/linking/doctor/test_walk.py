from datetime import timedelta

import pytest

from linking.doctor.walk import PlayerFacts, StepState, build_walk
from linking.models import EndReason
from linking.monitoring.freshness import SyncStanding
from tests.factories import NOW

PRODUCTS = pytest.mark.parametrize("product", ["chat", "messaging"])
TOKEN = {"tokens_issued": 2, "last_token_at": NOW}


def walk(product="messaging", **changes):
    values = {"standing": SyncStanding.FRESH, "last_sync_at": NOW} | changes
    return {step.name: step for step in build_walk(PlayerFacts(product=product, **values))}


def states(steps):
    return [step.state.value for step in steps.values()]


class TestSteps:
    @pytest.mark.parametrize(
        ("product", "names"),
        [
            ("chat", ["issued", "signed_in", "chat", "visitor_read", "external_id"]),
            ("messaging", ["issued", "signed_in", "ticket", "person", "external_id"]),
        ],
    )
    def test_are_those_of_the_product(self, product, names):
        assert list(walk(product)) == names

    @pytest.mark.parametrize(("product", "third"), [("chat", "done"), ("messaging", "unknown")])
    def test_of_a_player_who_is_linked_with_a_token_are_all_done(self, product, third):
        """In Support a user may come from an import or single sign-on, so nothing shows that there is a ticket."""
        steps = walk(product, **TOKEN, linked_at=NOW, is_proven=True)
        assert states(steps) == ["done", "done", third, "done", "done"]
        assert (steps["issued"].at, steps["external_id"].at) == (NOW, NOW)

    def test_of_a_link_without_a_token_say_that_nothing_shows_a_sign_in(self):
        assert states(walk("chat", linked_at=NOW)) == ["unknown", "unknown", "done", "done", "done"]

    @PRODUCTS
    def test_of_a_player_without_a_link_say_what_to_check(self, product):
        steps = walk(product, **TOKEN)
        assert states(steps) == ["done", "unknown", "unknown", "unknown", "unknown"]
        assert all(steps[name].checks for name in ("signed_in", "external_id"))


class TestStops:
    def test_a_blocked_player_gets_no_token(self):
        assert walk(is_blocked=True, **TOKEN)["issued"].state is StepState.STOPPED

    def test_a_player_without_a_token_is_sent_to_the_set_up_page(self):
        step = walk()["issued"]
        assert step.state is StepState.STOPPED
        assert any("token doctor" in check for check in step.checks)

    @PRODUCTS
    @pytest.mark.parametrize("standing", ["disabled", "incomplete", "blocked", "sync_off", "paused", "stale"])
    def test_a_sync_that_does_not_read_stops_the_walk(self, product, standing):
        step = list(walk(product, **TOKEN, standing=SyncStanding(standing)).values())[3]
        assert (step.state, step.at) == (StepState.STOPPED, NOW)

    @PRODUCTS
    @pytest.mark.parametrize("standing", ["fresh", "catching_up", "never_synced"])
    def test_one_that_reads_does_not(self, product, standing):
        step = list(walk(product, **TOKEN, standing=SyncStanding(standing)).values())[3]
        assert step.state is StepState.UNKNOWN

    @PRODUCTS
    @pytest.mark.parametrize("reason", EndReason.values)
    def test_a_link_that_ended_says_when_and_how(self, product, reason):
        step = walk(product, **TOKEN, ended_at=NOW, end_reason=reason)["external_id"]
        assert (step.state, step.at) == (StepState.STOPPED, NOW)
        assert step.sentence.startswith("The link ended: ")

    def test_an_open_link_wins_over_one_that_ended(self):
        steps = walk(**TOKEN, linked_at=NOW, is_proven=True, ended_at=NOW, end_reason="relinked")
        assert steps["external_id"].state is StepState.DONE


class TestAsks:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({}, "Sync reads every user that changes in Zendesk, and has found none with this ID."),
            ({"next_ask_at": NOW + timedelta(minutes=1)}, "Sync asks Zendesk for this ID within minutes."),
            ({"next_ask_at": NOW, "asks": 1}, "Sync asked Zendesk once for this ID since the token, and found nobody."),
            ({"last_sync_at": None}, "No sync has completed yet."),
        ],
    )
    def test_are_told_of_messaging(self, changes, sentence):
        assert walk(**TOKEN, **changes)["person"].sentence == sentence

    def test_lookups_left_are_told_of_chat(self):
        assert walk("chat", **TOKEN, has_lookups_left=True)["visitor_read"].sentence.startswith("Some visitors wait")
