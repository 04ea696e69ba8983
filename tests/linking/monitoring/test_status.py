from datetime import timedelta

import pytest

from linking.models import Integration
from linking.monitoring.status import annotate_catching_up, is_catching_up, load_statuses
from tests.factories import NOW, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db
NO_TOKEN = {"zendesk_access_token": ""}
CLIENT = {"zendesk_client_secret": "client-secret-of-acme-for-tests"}


def only():
    (row,) = load_statuses(now=NOW)
    return row


class TestStandings:
    def test_count_every_state(self):
        acme = make_integration()
        make_link(visitor=make_visitor(integration=acme), login_user=make_login_user(integration=acme))
        make_visitor(integration=acme, visitor_id="1.a")
        make_visitor(integration=acme, visitor_id="1.b", state="pending", checked_at=None, lookup_due_at=NOW)
        counts = only().counts
        assert (counts.visitors, counts.linked, counts.anonymous, counts.pending, counts.waiting_lookups) == (
            3,
            1,
            1,
            1,
            1,
        )

    def test_count_who_waits_to_be_seen(self):
        acme = make_integration()
        times = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
        make_login_user(integration=acme, user_id="seen", is_seen_in_chat=True, **times)
        make_login_user(integration=acme, user_id="waiting", **times)
        assert (only().counts.users, only().counts.waiting_users) == (2, 1)

    def test_tell_the_lag_in_seconds(self):
        make_integration(last_success_at=NOW - timedelta(seconds=31))
        assert only().lag_s == 31

    def test_tell_a_pass_that_runs(self):
        make_run(integration=make_integration(), state="running", finished_at=None)
        assert only().is_running

    @pytest.mark.parametrize(
        ("changes", "secrets", "standing"),
        [
            ({}, NO_TOKEN, "incomplete"),
            ({"sync_enabled": False}, NO_TOKEN, "sync_off"),
            ({"zendesk_product": "messaging"}, NO_TOKEN, "incomplete"),
            ({"zendesk_product": "messaging"}, CLIENT, "incomplete"),
            ({"zendesk_product": "messaging", "zendesk_client_id": "c"}, CLIENT, "never_synced"),
            ({"login_algorithm": "RS256"}, {"login_secret_key": ""}, "never_synced"),
            ({}, {"login_secret_key": ""}, "incomplete"),
            ({}, {"zendesk_shared_secret": ""}, "incomplete"),
        ],
    )
    def test_know_which_secrets_are_needed(self, changes, secrets, standing):
        make_integration(secrets=secrets, **changes)
        assert only().standing == standing

    def test_cost_the_same_queries_whatever_their_number(self, django_assert_num_queries):
        for number in range(3):
            make_visitor(integration=make_integration(slug=f"a{number}"), visitor_id=f"1.{number}")
        with django_assert_num_queries(7):
            assert len(load_statuses(now=NOW)) == 3


class TestCatchingUp:
    @pytest.mark.parametrize(
        ("changes", "is_one"),
        [
            ({"stop_reason": "deadline", "lookups": 5}, True),
            ({"stop_reason": "budget", "pages": 2}, True),
            ({"state": "running", "stop_reason": "", "finished_at": None, "lookups": 5}, True),
            ({"stop_reason": "deadline", "pages": 1}, False),
            ({"stop_reason": "vendor_fault", "pages": 9, "lookups": 5}, False),
            ({"stop_reason": "killed", "lookups": 5}, False),
            ({"stop_reason": "deadline", "lookups": 5, "touched_at": NOW - timedelta(minutes=16)}, False),
            ({"stop_reason": "deadline", "lookups": 1, "trigger": "refresh"}, False),
        ],
    )
    def test_is_one_whose_passes_get_on(self, changes, is_one):
        make_run(integration=make_integration(), **({"state": "stopped"} | changes))
        (row,) = annotate_catching_up(Integration.objects.all(), since=NOW - timedelta(minutes=15))
        assert is_catching_up(row) is is_one

    def test_shows_in_how_it_stands(self):
        make_run(integration=make_integration(), state="stopped", stop_reason="deadline", lookups=5)
        assert only().standing == "catching_up"

    @pytest.mark.parametrize(("hours", "is_one"), [(25, False), (23, True)])
    def test_is_none_whose_pass_began_long_ago_and_ended(self, hours, is_one):
        began_at = NOW - timedelta(minutes=15, hours=hours)
        make_run(integration=make_integration(), state="stopped", stop_reason="budget", pages=2, started_at=began_at)
        (row,) = annotate_catching_up(Integration.objects.all(), since=NOW - timedelta(minutes=15))
        assert is_catching_up(row) is is_one
