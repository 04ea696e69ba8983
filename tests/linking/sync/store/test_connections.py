"""Attempts that count once, and pairs of tokens of which one refresh token is used once."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database

from linking.clients.oauth_messages import Tokens
from linking.models import ConnectAttempt, ConnectionFlaw, Integration, Secret, ZendeskConnection, keep_secret
from linking.sync.store import connections
from tests.factories import NOW, make_integration

pytestmark = pytest.mark.django_db
BACK = "https://bridge.example/zendesk/callback/"
AUTHORITY = "https://acme.zendesk.com"
ACCESS, REFRESH = "access-canary-1", "refresh-canary-1"


def make_tokens(number=1, **changes):
    values = {"access_token": f"access-canary-{number}", "refresh_token": f"refresh-canary-{number}"}
    return Tokens(**(values | {"scope": "read", "life_s": 3600} | changes))


def make_connection(acme, **changes):
    tokens = make_tokens(**changes)
    connections.keep_connection(integration=acme, authority=AUTHORITY, tokens=tokens, actor="ada", now=NOW)
    return connections.find_connection(integration_id=acme.pk)


def access_token():
    return Secret.objects.get(name="zendesk_access_token").reveal()


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def row(acme):
    return make_connection(acme)


class TestAttempt:
    @pytest.fixture
    def ada(self):
        return get_user_model().objects.create_user("ada")

    @pytest.fixture
    def state(self, acme, ada):
        options = {"session_key": "s1", "redirect_url": BACK, "now": NOW}
        return connections.begin_attempt(integration=acme, user=ada, **options)

    def taken(self, began, ada, **changes):
        return connections.take_attempt(**({"state": began, "user": ada, "session_key": "s1", "now": NOW} | changes))

    def test_is_taken_once(self, state, ada):
        assert [bool(self.taken(state, ada)) for _ in range(2)] == [True, False]

    def test_cannot_be_guessed(self, acme, ada, state):
        options = {"session_key": "s1", "redirect_url": BACK, "now": NOW}
        states = {connections.begin_attempt(integration=acme, user=ada, **options) for _ in range(50)}
        assert len(states) == 50 and min(map(len, states)) >= 43

    @pytest.mark.parametrize("changes", [{"session_key": "s2"}, {"state": "other"}, {"state": ""}, {"state": "\ud800"}])
    def test_is_for_its_session_and_state(self, state, ada, changes):
        assert (self.taken(state, ada, **changes), ConnectAttempt.objects.count()) == (None, 1)

    def test_is_for_the_person_who_began(self, state):
        assert self.taken(state, get_user_model().objects.create_user("eve")) is None

    def test_ends_after_ten_minutes(self, state, ada):
        assert self.taken(state, ada, now=NOW + timedelta(minutes=10)) is None

    def test_is_swept_away_by_a_later_one(self, state, acme, ada):
        later = {"session_key": "s1", "redirect_url": BACK, "now": NOW + timedelta(minutes=11)}
        connections.begin_attempt(integration=acme, user=ada, **later)
        assert ConnectAttempt.objects.count() == 1

    def test_is_stored_so_that_a_reader_cannot_use_it(self, state):
        assert state not in str(ConnectAttempt.objects.values()) and "'s1'" not in str(ConnectAttempt.objects.values())


class TestKeepConnection:
    def test_puts_the_token_where_the_sync_looks(self, row):
        assert (access_token(), Secret.objects.get(name="zendesk_access_token").set_by) == (ACCESS, "ada")

    def test_seals_the_refresh_token(self, row):
        assert (row.refresh_token(), REFRESH in row.refresh_sealed) == (REFRESH, False)

    def test_notes_scope_end_and_when_to_renew(self, row):
        assert (row.scope, row.expires_at, row.renew_at) == (
            "read", NOW + timedelta(hours=1), NOW + timedelta(minutes=50),
        )  # fmt: skip

    def test_notes_no_end_where_none_is_told(self, acme):
        row = make_connection(acme, life_s=None)
        assert (row.expires_at, row.renew_at) == (None, None)

    def test_plans_no_renewal_without_a_refresh_token(self, acme):
        row = make_connection(acme, refresh_token="")
        assert (row.renew_at, row.refresh_sealed) == (None, "")

    def test_leaves_nothing_to_a_worker_under_way(self, acme, row):
        number = connections.claim_renewal(row=row)
        make_connection(acme, number=5)
        assert not connections.keep_renewed(row=row, number=number, tokens=make_tokens(2), now=NOW)
        assert access_token() == "access-canary-5"


class TestOf:
    def test_is_none_once_another_token_was_put_in(self, acme, row):
        keep_secret(integration=acme, name="zendesk_access_token", plain="by-hand", actor="ada", now=NOW)
        assert connections.find_connection(integration_id=acme.pk) is None

    def test_ends_a_claim_whose_worker_never_came_back(self, acme, row):
        connections.claim_renewal(row=row)
        ZendeskConnection.objects.update(claimed_at=NOW - timedelta(days=1000))
        found = connections.find_connection(integration_id=acme.pk)
        assert (found.state, found.flaw, found.refresh_token()) == ("lost", "answer_lost", "")

    def test_leaves_a_claim_its_time(self, acme, row):
        connections.claim_renewal(row=row)
        assert connections.find_connection(integration_id=acme.pk).state == "renewing"


class TestClaim:
    def test_is_given_once(self, row):
        assert [connections.claim_renewal(row=row) is None for _ in range(3)] == [False, True, True]

    def test_is_not_given_for_a_pair_that_was_replaced(self, row):
        number = connections.claim_renewal(row=row)
        connections.keep_renewed(row=row, number=number, tokens=make_tokens(2), now=NOW)
        assert connections.claim_renewal(row=row) is None

    def test_can_be_given_back(self, acme, row):
        number = connections.claim_renewal(row=row)
        connections.give_back(row=row, number=number, retry_at=NOW)
        found = connections.find_connection(integration_id=acme.pk)
        assert (found.state, found.renew_at, found.refresh_token()) == ("connected", NOW, REFRESH)
        assert connections.claim_renewal(row=found) is not None

    def test_that_is_lost_keeps_the_access_token(self, acme, row):
        number = connections.claim_renewal(row=row)
        connections.lose(row=row, number=number, flaw=ConnectionFlaw.REFUSED)
        assert (connections.find_connection(integration_id=acme.pk).flaw, access_token()) == ("refused", ACCESS)

    def test_of_another_number_ends_nothing(self, acme, row):
        number = connections.claim_renewal(row=row)
        connections.lose(row=row, number=number + 1, flaw=ConnectionFlaw.REFUSED)
        connections.give_back(row=row, number=number + 1, retry_at=NOW)
        assert connections.find_connection(integration_id=acme.pk).state == "renewing"


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    def test_one_alone_gets_the_refresh_token(self):
        row, claims, gate = make_connection(make_integration()), [], threading.Barrier(8)

        def worker():
            try:
                gate.wait()
                claims.append(connections.claim_renewal(row=row))
            finally:
                database.close()

        workers = [threading.Thread(target=worker) for _ in range(8)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
        assert (len(claims), [one for one in claims if one is not None]) == (8, [row.generation + 1])


class TestKeepRenewed:
    def keep(self, row, number, tokens=None):
        return connections.keep_renewed(row=row, number=number, tokens=tokens or make_tokens(2), now=NOW)

    def test_replaces_both_tokens(self, acme, row):
        assert self.keep(row, connections.claim_renewal(row=row))
        found = connections.find_connection(integration_id=acme.pk)
        assert (access_token(), found.refresh_token(), found.state, found.renewed_at) == (
            "access-canary-2", "refresh-canary-2", "connected", NOW,
        )  # fmt: skip

    def test_takes_an_answer_that_comes_late(self, acme, row):
        number = connections.claim_renewal(row=row)
        ZendeskConnection.objects.update(claimed_at=NOW - timedelta(days=1000))
        assert connections.find_connection(integration_id=acme.pk).state == "lost"
        assert (self.keep(row, number), connections.find_connection(integration_id=acme.pk).state) == (
            True,
            "connected",
        )

    def test_leaves_a_token_that_was_put_in_meanwhile(self, acme, row):
        number = connections.claim_renewal(row=row)
        keep_secret(integration=acme, name="zendesk_access_token", plain="by-hand", actor="ada", now=NOW)
        assert (self.keep(row, number), access_token()) == (False, "by-hand")

    def test_without_a_new_refresh_token_plans_no_renewal(self, acme, row):
        self.keep(row, connections.claim_renewal(row=row), make_tokens(2, refresh_token="", scope=""))
        found = connections.find_connection(integration_id=acme.pk)
        assert (found.refresh_sealed, found.renew_at, found.scope) == ("", None, "read")


class TestRefreshToken:
    def test_that_cannot_be_opened_is_none(self, row):
        row.refresh_sealed = "v1:nonsense"
        assert row.refresh_token() == ""

    def test_goes_with_the_integration(self, row):
        Integration.objects.all().delete()
        assert not ZendeskConnection.objects.exists()
