from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from linking.clients.zendesk_records import parse_visitor
from linking.conflicts import decisions
from linking.models import AuditEvent, Conflict, ConflictDecision, Visitor, VisitorLink
from linking.sync.store.answers import store_answers
from linking.sync.store.batch import VisitorAnswer
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def lead():
    return get_user_model().objects.create_user("lena")


@pytest.fixture
def conflict():
    integration = make_integration()
    visitor = make_visitor(integration=integration)
    user = make_login_user(integration=integration)
    other = make_login_user(integration=integration, user_id="other")
    make_link(visitor=visitor, login_user=user)
    return Conflict.objects.create(
        integration=integration, kind="relinked", visitor=visitor, login_user=user, other_user=other, subject="1|",
        first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip


def newest_deed(conflict):
    return ConflictDecision.objects.filter(conflict=conflict).order_by("-pk").values_list("pk", flat=True).first() or 0


def decide(conflict, verdict, *, by, user=None):
    return decisions.decide(
        conflict_id=conflict.pk, verdict=verdict, login_user_id=user.pk if user else None,
        seen=newest_deed(conflict), by=by, now=LATER,
    )  # fmt: skip


def undo(conflict, *, by):
    return decisions.undo(conflict_id=conflict.pk, seen=newest_deed(conflict), by=by, now=LATER)


def sync_sees(conflict, *, external_id):
    run = make_run(integration=conflict.integration)
    wire = {"id": conflict.visitor.visitor_id, "external_id": external_id, "name": "N"}
    record = parse_visitor(wire)
    return store_answers(
        run=run, answers=[VisitorAnswer(asked_id=conflict.visitor.visitor_id, record=record)], now=LATER
    )


class TestDecide:
    @pytest.mark.parametrize("verdict", ["keep", "shared_device", "ignore"])
    def test_leaves_the_link_alone(self, conflict, lead, verdict):
        decide(conflict, verdict, by=lead)
        assert VisitorLink.objects.get().ended_at is None

    def test_says_who_decided_what_and_when(self, conflict, lead):
        decide(conflict, "keep", by=lead)
        conflict.refresh_from_db()
        assert (conflict.state, conflict.decision, conflict.decided_by, conflict.decided_at) == (
            "decided", "keep", lead, LATER,
        )  # fmt: skip

    def test_is_in_the_audit_log(self, conflict, lead):
        decide(conflict, "keep", by=lead)
        event = AuditEvent.objects.get(action="decide_conflict")
        assert (event.actor, event.target, event.fields) == ("lena", f"conflict {conflict.pk}", ["keep"])

    def test_refuses_what_is_not_offered(self, conflict, lead):
        Conflict.objects.update(kind="junk_external_id")
        with pytest.raises(decisions.NotOffered):
            decide(conflict, "keep", by=lead)

    def test_refuses_a_stranger_s_user(self, conflict, lead):
        stranger = make_login_user(integration=conflict.integration, user_id="stranger")
        with pytest.raises(decisions.NotOffered):
            decide(conflict, "unlink", user=stranger, by=lead)

    def test_refuses_when_somebody_was_faster(self, conflict, lead):
        decide(conflict, "keep", by=lead)
        with pytest.raises(decisions.AlreadyDecided):
            decisions.decide(conflict_id=conflict.pk, verdict="ignore", login_user_id=None, seen=0, by=lead, now=LATER)


class TestUnlink:
    def test_ends_the_link_with_its_own_reason(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        link = VisitorLink.objects.get()
        assert (link.ended_at, link.end_reason) == (LATER, "unlinked")
        assert Visitor.objects.get().state == "anonymous"

    def test_of_the_other_side_leaves_the_link_alone(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.other_user, by=lead)
        assert VisitorLink.objects.get().ended_at is None

    def test_the_sync_opens_no_link_again(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        sync_sees(conflict, external_id=USER_ID)
        assert not VisitorLink.objects.open().exists()

    def test_evidence_goes_on_being_kept(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        sync_sees(conflict, external_id=USER_ID)
        assert Conflict.objects.get().last_seen_at == LATER
        assert Visitor.objects.get().external_id == USER_ID

    def test_another_user_is_linked_all_the_same(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        sync_sees(conflict, external_id="other")
        assert VisitorLink.objects.open().get().login_user == conflict.other_user

    def test_outlives_the_joining_of_two_visitors(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        make_visitor(integration=conflict.integration, visitor_id="7700123.canonical")
        wire = {"id": "7700123.canonical", "external_id": USER_ID}
        answer = VisitorAnswer(asked_id=conflict.visitor.visitor_id, record=parse_visitor(wire))
        store_answers(run=make_run(integration=conflict.integration), answers=[answer], now=LATER)
        assert not VisitorLink.objects.open().exists()


class TestUndo:
    def test_lets_the_same_link_go_on(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        undo(conflict, by=lead)
        link = VisitorLink.objects.get()
        assert (link.ended_at, link.end_reason) == (None, "")
        assert Visitor.objects.get().state == "linked"

    def test_opens_the_conflict_again(self, conflict, lead):
        decide(conflict, "keep", by=lead)
        undo(conflict, by=lead)
        conflict.refresh_from_db()
        assert (conflict.state, conflict.decision, conflict.decided_at) == ("open", "", None)

    def test_has_zendesk_asked_again(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        undo(conflict, by=lead)
        assert Visitor.objects.get().lookup_due_at == LATER

    def test_does_not_link_a_visitor_that_carries_another_id_by_now(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        sync_sees(conflict, external_id=None)
        undo(conflict, by=lead)
        assert not VisitorLink.objects.open().exists()

    def test_lets_the_sync_link_again(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        sync_sees(conflict, external_id=None)
        undo(conflict, by=lead)
        sync_sees(conflict, external_id=USER_ID)
        assert VisitorLink.objects.open().get().login_user == conflict.login_user

    def test_of_nothing_is_refused(self, conflict, lead):
        with pytest.raises(decisions.NotOffered):
            undo(conflict, by=lead)


class TestDecidingAnew:
    def test_takes_back_what_the_first_decision_did(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        decide(conflict, "keep", by=lead)
        assert VisitorLink.objects.get().ended_at is None

    def test_keeps_every_deed(self, conflict, lead):
        decide(conflict, "unlink", user=conflict.login_user, by=lead)
        undo(conflict, by=lead)
        decide(conflict, "keep", by=lead)
        deeds = ConflictDecision.objects.filter(conflict=conflict).order_by("pk").values_list("verdict", "is_in_force")
        assert list(deeds) == [("unlink", False), ("undo", False), ("keep", True)]


class TestChoices:
    def test_say_which_link_would_end(self, conflict):
        effects = {(one.verdict, one.login_user): one.effect for one in decisions.list_choices(conflict=conflict)}
        assert effects["unlink", conflict.login_user].ends == VisitorLink.objects.get()
        assert effects["unlink", conflict.other_user].ends is None

    def test_leave_out_what_is_in_force(self, conflict, lead):
        decide(conflict, "keep", by=lead)
        assert "keep" not in [one.verdict for one in decisions.list_choices(conflict=conflict)]

    def test_only_the_linked_side_of_an_address_can_be_parted(self, conflict):
        Conflict.objects.update(kind="email_of_another_user")
        conflict.refresh_from_db()
        users = [one.login_user for one in decisions.list_choices(conflict=conflict) if one.verdict == "unlink"]
        assert users == [conflict.login_user]

    def test_offer_everybody_of_a_shared_device(self, conflict):
        for number in range(3):
            user = make_login_user(integration=conflict.integration, user_id=f"u{number}")
            make_link(visitor=conflict.visitor, login_user=user, ended_at=LATER, end_reason="relinked")
        Conflict.objects.update(kind="shared_device")
        conflict.refresh_from_db()
        users = [one.login_user.user_id for one in decisions.list_choices(conflict=conflict) if one.verdict == "unlink"]
        assert users == [USER_ID, "other", "u2", "u1", "u0"]


class TestPart:
    @pytest.fixture
    def link(self):
        integration = make_integration()
        return make_link(
            visitor=make_visitor(integration=integration), login_user=make_login_user(integration=integration)
        )

    def part(self, link, *, by):
        return decisions.part(link_id=link.pk, by=by, now=LATER)

    def test_ends_the_link_with_the_reason_of_a_decision(self, link, lead):
        self.part(link, by=lead)
        link.refresh_from_db()
        assert (link.ended_at, link.end_reason, Visitor.objects.get().state) == (LATER, "unlinked", "anonymous")

    def test_is_what_the_page_says_beforehand(self, link, lead):
        effect = decisions.preview_part(link=link)
        self.part(link, by=lead)
        assert (effect.ends, effect.blocks_link_to) == (link, ConflictDecision.objects.get().login_user)

    def test_is_a_decision_like_others_and_in_the_audit_log(self, link, lead):
        conflict = self.part(link, by=lead)
        deed = ConflictDecision.objects.get()
        assert (deed.verdict, deed.is_in_force, deed.login_user, deed.by_name) == (
            "unlink",
            True,
            link.login_user,
            "lena",
        )
        assert AuditEvent.objects.get(action="decide_conflict").target == f"conflict {conflict.pk}"

    def test_leaves_no_open_question(self, link, lead):
        assert Conflict.objects.get(pk=self.part(link, by=lead).pk).state == "decided"

    def test_holds_against_the_next_pass(self, link, lead):
        conflict = self.part(link, by=lead)
        sync_sees(conflict, external_id=USER_ID)
        assert not VisitorLink.objects.open().exists()

    def test_undone_lets_the_same_link_go_on_and_leaves_no_question(self, link, lead):
        conflict = self.part(link, by=lead)
        undo(conflict, by=lead)
        conflict.refresh_from_db()
        link.refresh_from_db()
        assert (link.ended_at, conflict.state, conflict.decision) == (None, "decided", "undo")

    def test_can_be_done_again_after_an_undo(self, link, lead):
        undo(self.part(link, by=lead), by=lead)
        self.part(link, by=lead)
        assert (Conflict.objects.count(), VisitorLink.objects.open().count()) == (1, 0)

    def test_of_a_link_that_has_ended_changes_nothing(self, link, lead):
        self.part(link, by=lead)
        with pytest.raises(decisions.AlreadyDecided):
            self.part(link, by=lead)
        assert ConflictDecision.objects.count() == 1
