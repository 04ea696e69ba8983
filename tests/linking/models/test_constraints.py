"""Every constraint of the store, broken once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from linking.models import (
    Conflict,
    Heartbeat,
    Lease,
    LoginUser,
    Quarantined,
    RequestSlot,
    SyncRun,
    Visitor,
    VisitorAlias,
    VisitorChat,
    ZendeskConnection,
)
from tests.factories import NOW, make_chat, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def visitor(acme):
    return make_visitor(integration=acme)


@pytest.fixture
def user(acme):
    return make_login_user(integration=acme)


def broken(name):
    """Expect the constraint `name` to refuse what the block does; SQLite names unique ones by their columns."""

    class Expectation:
        def __enter__(self):
            self.atomic = transaction.atomic()
            self.atomic.__enter__()

        def __exit__(self, kind, error, traceback):
            self.atomic.__exit__(kind, error, traceback)
            assert kind is not None and issubclass(kind, IntegrityError), f"{name} let it pass"
            assert name in str(error) or "UNIQUE" in str(error), str(error)
            return True

    return Expectation()


class TestVisitor:
    def test_is_kept_once(self, acme, visitor):
        with broken("one_visitor_an_id"):
            make_visitor(integration=acme)

    def test_may_have_the_same_id_in_another_integration(self, visitor):
        make_visitor(integration=make_integration(slug="other"))
        assert Visitor.objects.count() == 2

    def test_has_an_id(self, acme):
        with broken("visitor_has_an_id"):
            make_visitor(integration=acme, visitor_id="")

    def test_is_gone_at_some_time(self, acme):
        with broken("visitor_gone_has_a_time"):
            make_visitor(integration=acme, state="gone")

    def test_is_not_gone_and_linked(self, acme):
        with broken("visitor_gone_has_a_time"):
            make_visitor(integration=acme, state="linked", gone_at=NOW)

    def test_is_known_only_after_it_was_asked_about(self, acme):
        with broken("visitor_known_was_checked"):
            make_visitor(integration=acme, state="anonymous", checked_at=None)

    def test_is_not_seen_last_before_first(self, acme):
        with broken("visitor_seen_in_order"):
            make_visitor(integration=acme, first_seen_at=LATER)


class TestVisitorAlias:
    def test_leads_to_one_visitor(self, acme, visitor):
        VisitorAlias.objects.create(integration=acme, alias_id="7.b", visitor=visitor, first_seen_at=NOW)
        with broken("one_alias_an_id"):
            VisitorAlias.objects.create(integration=acme, alias_id="7.b", visitor=visitor, first_seen_at=NOW)

    def test_has_an_id(self, acme, visitor):
        with broken("alias_has_an_id"):
            VisitorAlias.objects.create(integration=acme, alias_id="", visitor=visitor, first_seen_at=NOW)


class TestVisitorChat:
    def test_is_kept_once(self, visitor):
        make_chat(visitor=visitor)
        with broken("one_chat_an_id"):
            make_chat(visitor=visitor)

    def test_has_an_id(self, visitor):
        with broken("chat_has_an_id"):
            make_chat(visitor=visitor, chat_id="")

    def test_goes_with_its_visitor(self, visitor):
        make_chat(visitor=visitor)
        visitor.delete()
        assert not VisitorChat.objects.exists()


class TestVisitorLink:
    def test_is_open_once_a_visitor(self, acme, visitor, user):
        make_link(visitor=visitor, login_user=user)
        with broken("one_open_link_a_visitor"):
            make_link(visitor=visitor, login_user=make_login_user(integration=acme, user_id="u2"))

    def test_may_have_ended_any_number_of_times(self, visitor, user):
        for _ in range(2):
            make_link(visitor=visitor, login_user=user, ended_at=NOW, end_reason="relinked")
        assert visitor.links.count() == 2

    def test_does_not_end_without_a_reason(self, visitor, user):
        with broken("link_end_has_a_reason"):
            make_link(visitor=visitor, login_user=user, ended_at=NOW)

    def test_has_no_reason_to_end_while_open(self, visitor, user):
        with broken("link_end_has_a_reason"):
            make_link(visitor=visitor, login_user=user, end_reason="relinked")

    def test_is_not_confirmed_before_it_was_seen(self, visitor, user):
        with broken("link_times_in_order"):
            make_link(visitor=visitor, login_user=user, first_seen_at=LATER)

    def test_does_not_end_before_it_began(self, visitor, user):
        with broken("link_times_in_order"):
            make_link(visitor=visitor, login_user=user, ended_at=NOW - timedelta(1), end_reason="relinked")


class TestLoginUser:
    def test_is_kept_once(self, acme, user):
        with broken("one_login_user_an_id"):
            make_login_user(integration=acme)

    def test_has_an_id(self, acme):
        with broken("login_user_has_an_id"):
            make_login_user(integration=acme, user_id="")

    def test_got_its_tokens_at_some_time(self, acme):
        with broken("login_user_times_go_together"):
            make_login_user(integration=acme, tokens_issued=1)

    def test_got_a_token_when_it_authenticated(self, acme):
        with broken("login_user_times_go_together"):
            make_login_user(integration=acme, first_authenticated_at=NOW, last_authenticated_at=NOW)

    def test_keeps_ids_apart_that_differ_in_case(self, acme, user):
        make_login_user(integration=acme, user_id=user.user_id.upper())
        assert LoginUser.objects.count() == 2


class TestConflict:
    def conflict(self, visitor, **changes):
        values = {"kind": "relinked", "subject": "a|b", "first_seen_at": NOW, "last_seen_at": NOW}
        return Conflict.objects.create(integration=visitor.integration, visitor=visitor, **(values | changes))

    def test_asks_the_same_once(self, visitor):
        self.conflict(visitor)
        with broken("one_conflict_a_subject"):
            self.conflict(visitor)

    @pytest.mark.parametrize(
        "half",
        [{"state": "decided"}, {"decision": "dismiss"}, {"decided_at": NOW}, {"state": "decided", "decided_at": NOW}],
    )
    def test_is_not_half_decided(self, visitor, half):
        with broken("conflict_decision_is_whole"):
            self.conflict(visitor, **half)


class TestSyncRun:
    @pytest.mark.parametrize(
        "half",
        [
            {"state": "running"},
            {"state": "complete", "finished_at": None},
            {"state": "complete", "stop_reason": "budget"},
            {"state": "stopped"},
        ],
    )
    def test_ends_whole(self, acme, half):
        with broken("run_end_has_a_time"):
            make_run(integration=acme, **half)

    def test_may_run(self, acme):
        make_run(integration=acme, state="running", finished_at=None)
        assert SyncRun.objects.count() == 1


class TestQuarantined:
    def test_is_kept_once_a_record(self, acme):
        values = {"integration": acme, "source": "chat", "record_key": "x", "first_seen_at": NOW, "last_seen_at": NOW}
        Quarantined.objects.create(**values)
        with broken("one_quarantined_a_key"):
            Quarantined.objects.create(**values)


class TestLease:
    def test_has_a_token_that_counts_up(self):
        with broken("lease_token_counts_up"):
            Lease.objects.create(name="x", token=-1)

    @pytest.mark.parametrize("half", [{"owner": "me"}, {"expires_at": NOW}])
    def test_has_an_owner_and_an_end_or_neither(self, half):
        with broken("lease_owner_has_an_end"):
            Lease.objects.create(name="x", **half)

    def test_is_kept_once_a_name(self):
        Lease.objects.create(name="x")
        with broken("linking_lease_name"):
            Lease.objects.create(name="x")


class TestNames:
    def test_a_slot_names_an_account(self):
        with broken("slot_names_an_account"):
            RequestSlot.objects.create(account="")

    def test_a_heartbeat_has_a_name(self):
        with broken("heartbeat_has_a_name"):
            Heartbeat.objects.create(name="", beat_at=NOW)


class TestZendeskConnection:
    @pytest.fixture
    def connection(self, acme):
        return ZendeskConnection.objects.create(
            integration=acme, authority="https://acme.zendesk.com", token_mark="0", connected_at=NOW, connected_by="ada"
        )

    @pytest.mark.parametrize("changes", [{"state": "renewing"}, {"claimed_at": NOW}])
    def test_is_claimed_at_some_time(self, connection, changes):
        with broken("connection_claim_has_a_time"):
            ZendeskConnection.objects.update(**changes)

    @pytest.mark.parametrize(
        "changes",
        [{"state": "lost"}, {"flaw": "refused"}, {"state": "lost", "flaw": "refused", "refresh_sealed": "v1:x"}],
    )
    def test_that_is_lost_says_why_and_holds_nothing(self, connection, changes):
        with broken("connection_lost_says_why"):
            ZendeskConnection.objects.update(**changes)

    def test_is_one_an_integration(self, connection, acme):
        with broken("integration"):
            ZendeskConnection.objects.create(integration=acme, connected_at=NOW)
