from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from linking.conflicts import bulk, decisions
from linking.models import (
    AuditEvent,
    Conflict,
    ConflictDecision,
    DecisionBatch,
    Visitor,
    VisitorLink,
)
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def lead():
    return get_user_model().objects.create_user("lena")


@pytest.fixture
def make_conflict():
    """Return a function that makes a conflict of its own visitor, who is linked to the first player."""
    integration = make_integration()
    user = make_login_user(integration=integration)
    other = make_login_user(integration=integration, user_id="other")

    def made(*, is_linked=True, visitor=None, **changes):
        number = Conflict.objects.count()
        if visitor is None:
            visitor = make_visitor(integration=integration, visitor_id=f"7700123.visitor{number}")
            if is_linked:
                make_link(visitor=visitor, login_user=user)
        values = {
            "integration": integration, "kind": "relinked", "visitor": visitor, "login_user": user, "other_user": other,
            "subject": f"{number}|", "first_seen_at": NOW, "last_seen_at": NOW,
        }  # fmt: skip
        return Conflict.objects.create(**(values | changes))

    return made


def preview(conflicts, verdict):
    return bulk.preview(conflict_ids=[one.pk for one in conflicts], verdict=verdict)


def decide(conflicts, verdict, *, by):
    return bulk.decide(targets=preview(conflicts, verdict).targets, verdict=verdict, by=by, now=LATER)


def states():
    return list(Conflict.objects.order_by("pk").values_list("state", "decision"))


class TestPreview:
    @pytest.mark.parametrize(("verdict", "numbers"), [
        ("keep", (0, 2, 0)), ("ignore", (0, 2, 0)), ("shared_device", (0, 2, 0)), ("unlink", (2, 0, 1)),
    ])  # fmt: skip
    def test_counts_links_that_end_and_stay(self, make_conflict, verdict, numbers):
        shown = preview([make_conflict(), make_conflict(), make_conflict(is_linked=False)], verdict)
        assert (shown.ends, shown.stays, shown.unlinks_nothing) == numbers

    def test_counts_a_link_of_two_conflicts_once(self, make_conflict):
        first = make_conflict()
        assert preview([first, make_conflict(visitor=first.visitor)], "unlink").ends == 1

    def test_lets_a_link_to_another_player_stay(self, make_conflict):
        conflict = make_conflict()
        Conflict.objects.update(login_user=conflict.other_user, other_user=conflict.login_user)
        shown = preview([conflict], "unlink")
        assert (shown.ends, shown.stays, shown.unlinks_nothing) == (0, 1, 1)

    @pytest.mark.parametrize(("verdict", "kinds"), [
        ("keep", {"junk_external_id"}), ("unlink", {"junk_external_id"}), ("ignore", set()),
        ("shared_device", {"junk_external_id", "id_variant"}),
    ])  # fmt: skip
    def test_leaves_out_what_does_not_admit_the_decision(self, make_conflict, verdict, kinds):
        conflicts = [make_conflict(kind=kind) for kind in ("relinked", "shared_device", "email_of_another_user")]
        conflicts += [make_conflict(kind="id_variant"), make_conflict(kind="junk_external_id", login_user=None)]
        assert {one.kind for one in preview(conflicts, verdict).left_out} == kinds

    def test_counts_what_was_decided_meanwhile(self, make_conflict):
        conflicts = [make_conflict(), make_conflict(state="decided", decision="keep", decided_at=NOW)]
        shown = preview(conflicts, "ignore")
        assert (len(shown.conflicts), shown.missing) == (1, 1)

    def test_refuses_what_is_no_decision(self, make_conflict):
        with pytest.raises(decisions.NotOffered):
            preview([make_conflict()], "undo")

    def test_costs_the_same_for_many(self, make_conflict, django_assert_num_queries):
        conflicts = [make_conflict() for _number in range(12)]
        with django_assert_num_queries(3):
            preview(conflicts, "unlink")

    def test_changes_nothing(self, make_conflict):
        preview([make_conflict()], "unlink")
        assert (states(), VisitorLink.objects.open().count()) == ([("open", "")], 1)


class TestDecide:
    def test_decides_each_with_a_decision_of_its_own(self, make_conflict, lead):
        outcome = decide([make_conflict(), make_conflict()], "ignore", by=lead)
        rows = ConflictDecision.objects.values_list("verdict", "is_in_force", "by_name", "at", "batch")
        assert list(rows) == [("ignore", True, "lena", LATER, outcome.batch.pk)] * 2
        assert states() == [("decided", "ignore")] * 2

    def test_writes_an_audit_event_for_each(self, make_conflict, lead):
        conflicts = [make_conflict(), make_conflict()]
        outcome = decide(conflicts, "keep", by=lead)
        events = AuditEvent.objects.filter(action="decide_conflict").order_by("pk")
        assert [(one.actor, one.target, one.fields) for one in events] == [
            ("lena", f"conflict {one.pk}", ["keep", f"bulk {outcome.batch.pk}"]) for one in reversed(conflicts)
        ]

    def test_does_what_deciding_one_by_one_does(self, make_conflict, lead):
        one, other = make_conflict(), make_conflict()
        decide([one], "unlink", by=lead)
        decisions.decide(
            conflict_id=other.pk, verdict="unlink", login_user_id=other.login_user_id, seen=0, by=lead, now=LATER
        )
        links = VisitorLink.objects.order_by("pk").values_list("ended_at", "end_reason", "visitor__state")
        rows = ConflictDecision.objects.order_by("pk")
        assert links[0] == links[1] == (LATER, "unlinked", "anonymous")
        assert [(row.login_user, row.ended_link.visitor) for row in rows] == [
            (one.login_user, one.visitor), (other.login_user, other.visitor),
        ]  # fmt: skip

    def test_ends_a_link_that_began_later_than_now_when_it_began(self, make_conflict, lead):
        conflict = make_conflict()
        began_at = LATER + timedelta(minutes=1)
        VisitorLink.objects.update(first_seen_at=began_at, last_confirmed_at=began_at)
        decide([conflict], "unlink", by=lead)
        assert VisitorLink.objects.get().ended_at == began_at

    def test_leaves_alone_what_changed_meanwhile(self, make_conflict, lead):
        conflicts = [make_conflict(), make_conflict()]
        targets = preview(conflicts, "ignore").targets
        decisions.decide(conflict_id=conflicts[0].pk, verdict="keep", login_user_id=None, seen=0, by=lead, now=NOW)
        outcome = bulk.decide(targets=targets, verdict="ignore", by=lead, now=LATER)
        assert (outcome.done, outcome.skipped, states()) == (1, 1, [("decided", "keep"), ("decided", "ignore")])

    def test_leaves_alone_what_was_decided_and_reopened_meanwhile(self, make_conflict, lead):
        conflict = make_conflict()
        targets = preview([conflict], "ignore").targets
        made = decisions.decide(conflict_id=conflict.pk, verdict="keep", login_user_id=None, seen=0, by=lead, now=NOW)
        decisions.undo(conflict_id=conflict.pk, seen=made.pk, by=lead, now=NOW)
        assert bulk.decide(targets=targets, verdict="ignore", by=lead, now=LATER).done == 0

    def test_leaves_no_batch_where_nothing_was_decided(self, make_conflict, lead):
        make_conflict()
        outcome = bulk.decide(targets=[bulk.BulkTarget(conflict_id=4711, seen=0)], verdict="ignore", by=lead, now=LATER)
        assert (outcome.batch, DecisionBatch.objects.count()) == (None, 0)

    def test_trusts_no_list_of_conflicts_that_do_not_admit_it(self, make_conflict, lead):
        conflict = make_conflict(kind="junk_external_id", login_user=None)
        targets = [bulk.BulkTarget(conflict_id=conflict.pk, seen=0)]
        assert bulk.decide(targets=targets, verdict="keep", by=lead, now=LATER).done == 0

    def test_takes_no_more_than_the_limit(self, make_conflict, lead, monkeypatch):
        monkeypatch.setattr(bulk, "BULK_MAX", 2)
        conflicts = [make_conflict() for _number in range(3)]
        targets = [bulk.BulkTarget(conflict_id=one.pk, seen=0) for one in conflicts]
        assert bulk.decide(targets=targets, verdict="ignore", by=lead, now=LATER).done == 2

    def test_killed_in_the_middle_leaves_whole_decisions(self, make_conflict, lead, monkeypatch):
        monkeypatch.setattr(bulk, "CHUNK", 1)
        conflicts = [make_conflict() for _number in range(3)]
        targets = preview(conflicts, "unlink").targets
        record = bulk._record

        def die_at_the_second(*args, **kwargs):
            if ConflictDecision.objects.filter(is_in_force=True).count() == 2:
                raise KeyboardInterrupt
            record(*args, **kwargs)

        monkeypatch.setattr(bulk, "_record", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            bulk.decide(targets=targets, verdict="unlink", by=lead, now=LATER)
        monkeypatch.setattr(bulk, "_record", record)
        assert sorted(states()) == [("decided", "unlink"), ("open", ""), ("open", "")]
        assert VisitorLink.objects.open().count() == 2
        assert bulk.undo(batch_id=DecisionBatch.objects.get().pk, by=lead, now=LATER).done == 1
        assert (states(), VisitorLink.objects.open().count()) == ([("open", "")] * 3, 3)

    @pytest.mark.parametrize("verdict", ["ignore", "unlink"])
    def test_costs_the_same_for_a_whole_chunk(self, make_conflict, lead, verdict, django_assert_max_num_queries):
        targets = preview([make_conflict() for _number in range(30)], verdict).targets
        with django_assert_max_num_queries(14):
            bulk.decide(targets=targets, verdict=verdict, by=lead, now=LATER)


class TestUndo:
    def undo(self, outcome, lead, **changes):
        return bulk.undo(batch_id=outcome.batch.pk, by=lead, now=changes.get("now", LATER))

    def test_brings_the_links_back(self, make_conflict, lead):
        outcome = decide([make_conflict(), make_conflict()], "unlink", by=lead)
        undone = self.undo(outcome, lead)
        assert (undone.done, undone.skipped, states()) == (2, 0, [("open", "")] * 2)
        links = VisitorLink.objects.values_list("ended_at", "end_reason", "visitor__state", "visitor__lookup_due_at")
        assert list(links) == [(None, "", "linked", LATER)] * 2

    def test_keeps_every_deed(self, make_conflict, lead):
        self.undo(decide([make_conflict()], "keep", by=lead), lead)
        deeds = ConflictDecision.objects.order_by("pk").values_list("verdict", "is_in_force")
        assert list(deeds) == [("keep", False), ("undo", False)]

    def test_writes_an_audit_event_for_each(self, make_conflict, lead):
        conflict = make_conflict()
        outcome = decide([conflict], "keep", by=lead)
        self.undo(outcome, lead)
        event = AuditEvent.objects.get(action="undo_conflict")
        assert (event.target, event.fields) == (f"conflict {conflict.pk}", ["undo", f"bulk {outcome.batch.pk}"])

    def test_skips_what_was_decided_anew(self, make_conflict, lead):
        conflicts = [make_conflict(), make_conflict()]
        outcome = decide(conflicts, "keep", by=lead)
        seen = ConflictDecision.objects.get(conflict=conflicts[0]).pk
        decisions.decide(
            conflict_id=conflicts[0].pk, verdict="ignore", login_user_id=None, seen=seen, by=lead, now=LATER
        )
        undone = self.undo(outcome, lead)
        assert (undone.done, undone.skipped, states()) == (1, 1, [("decided", "ignore"), ("open", "")])

    def test_brings_back_a_link_that_two_conflicts_of_the_lot_kept_apart(self, make_conflict, lead):
        first = make_conflict()
        outcome = decide([first, make_conflict(visitor=first.visitor)], "unlink", by=lead)
        assert VisitorLink.objects.open().count() == 0
        self.undo(outcome, lead)
        assert VisitorLink.objects.open().get().visitor == first.visitor

    def test_brings_no_link_back_that_another_decision_keeps_apart(self, make_conflict, lead):
        first = make_conflict()
        outcome = decide([first], "unlink", by=lead)
        decide([make_conflict(visitor=first.visitor)], "unlink", by=lead)
        self.undo(outcome, lead)
        assert VisitorLink.objects.open().count() == 0

    def test_brings_no_link_back_to_a_visitor_with_another_id_by_now(self, make_conflict, lead):
        outcome = decide([make_conflict()], "unlink", by=lead)
        Visitor.objects.update(external_id="other")
        self.undo(outcome, lead)
        assert VisitorLink.objects.open().count() == 0

    def test_brings_no_link_back_to_a_visitor_that_is_linked_by_now(self, make_conflict, lead):
        conflict = make_conflict()
        outcome = decide([conflict], "unlink", by=lead)
        make_link(visitor=conflict.visitor, login_user=conflict.other_user)
        self.undo(outcome, lead)
        assert VisitorLink.objects.open().get().login_user == conflict.other_user

    def test_twice_changes_nothing_more(self, make_conflict, lead):
        outcome = decide([make_conflict()], "keep", by=lead)
        self.undo(outcome, lead)
        again = self.undo(outcome, lead)
        assert (again.done, again.skipped, ConflictDecision.objects.count()) == (0, 1, 2)

    def test_is_offered_for_seven_days(self, make_conflict, lead):
        outcome = decide([make_conflict()], "keep", by=lead)
        with pytest.raises(bulk.UndoExpired):
            self.undo(outcome, lead, now=LATER + timedelta(days=7, seconds=1))

    def test_costs_the_same_for_a_whole_chunk(self, make_conflict, lead, django_assert_max_num_queries):
        outcome = decide([make_conflict() for _number in range(30)], "unlink", by=lead)
        with django_assert_max_num_queries(18):
            self.undo(outcome, lead)
