"""The plans: what an export page and an answer change."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from linking.clients.zendesk_records import ChatRecord, EmbeddedVisitor, VisitorRecord
from linking.core.states import ConflictKind, VisitorState
from linking.sync.plans.conflict_rules import build_subject
from linking.sync.plans.facts import Disagreement, LinkBefore, LookupPriority, Verb, VisitorFacts
from linking.sync.plans.reread_times import ANONYMOUS_TTL, LINKED_TTL, plan_retry
from linking.sync.plans.seen_visitors import join_facts, merge_chats, plan_export
from linking.sync.plans.visitor_states import plan_gone, plan_link

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
THEN = NOW - timedelta(days=1)


def chat(*, chat_id="c1", at=THEN, visitor_id="7.a", **contact):
    return ChatRecord(chat_id=chat_id, updated_at=at, visitor=EmbeddedVisitor(visitor_id=visitor_id, **contact))


def facts(**changes):
    values = {"visitor_id": "7.a", "first_seen_at": THEN, "last_seen_at": THEN, "last_chat_id": "c1"}
    return VisitorFacts(**(values | changes))


def asked(**changes):
    values = {"state": VisitorState.ANONYMOUS, "checked_at": NOW - timedelta(hours=1), "checked_activity_at": THEN}
    return facts(**(values | changes))


def export(*chats, known=(), issued=(), aliases=None):
    seen = merge_chats(chats=chats, aliases=aliases or {})
    by_id = {one.visitor_id: one for one in known}
    return plan_export(seen=seen.values(), known=by_id, issued=frozenset(issued), now=NOW)


def link(*, user_id="u1", before=None, owners=(), known=None, **record):
    return plan_link(
        record=VisitorRecord(visitor_id="7.a", user_id=user_id, **record),
        facts=known or asked(),
        before=before or LinkBefore(),
        email_owners=owners,
        now=NOW,
    )


class TestSeenVisitors:
    def test_takes_the_contact_of_the_newest_chat(self):
        seen = merge_chats(chats=[chat(name="new", at=NOW), chat(name="old", at=THEN)], aliases={})
        assert (seen["7.a"].contact.name, seen["7.a"].first_seen_at, seen["7.a"].last_seen_at) == ("new", THEN, NOW)

    def test_does_not_depend_on_the_order_of_chats(self):
        chats = [chat(chat_id=f"c{n}", at=THEN + timedelta(seconds=n // 3), name=str(n)) for n in range(9)]
        shuffled = random.Random(1).sample(chats, k=9)
        assert merge_chats(chats=chats, aliases={}) == merge_chats(chats=shuffled, aliases={})

    def test_counts_a_chat_of_an_alias_for_the_visitor_it_leads_to(self):
        assert list(merge_chats(chats=[chat(visitor_id="7.b")], aliases={"7.b": "7.a"})) == ["7.a"]

    def test_passes_over_a_chat_without_visitor(self):
        assert merge_chats(chats=[ChatRecord(chat_id="c", updated_at=NOW)], aliases={}) == {}


class TestPlanExport:
    def test_adds_a_visitor_that_is_to_be_asked_about(self):
        (added,) = export(chat(name="N")).added
        assert (added.state, added.lookup_due_at, added.name) == (VisitorState.PENDING, NOW, "N")

    def test_changes_nothing_when_the_same_page_comes_again(self):
        known = export(chat(name="N")).added
        assert export(chat(name="N"), known=known).changed == ()

    def test_moves_first_seen_back_for_an_older_chat_and_nothing_else(self):
        older = THEN - timedelta(days=1)
        (changed,) = export(chat(chat_id="c0", at=older, name="old"), known=[facts(name="N")]).changed
        assert changed == facts(name="N")._replace(first_seen_at=older, lookup_due_at=NOW)

    def test_takes_newer_contact_of_a_visitor_never_asked_about(self):
        (changed,) = export(chat(at=NOW, name="new"), known=[facts(name="old", lookup_due_at=THEN)]).changed
        assert changed.name == "new"

    def test_keeps_the_contact_of_an_answer(self):
        (changed,) = export(chat(at=NOW, name="of the chat"), known=[asked(name="of the answer")]).changed
        assert changed.name == "of the answer"


class TestRanks:
    @pytest.mark.parametrize("contact", [{"email": "N@Player.example"}, {"name": "n@player.example"}])
    def test_puts_a_visitor_first_that_carries_an_address_we_know(self, contact):
        (added,) = export(chat(**contact), issued=["n@player.example"]).added
        assert added.lookup_rank == LookupPriority.IDENTIFIED

    def test_puts_a_new_visitor_before_one_asked_about_before(self):
        (added,) = export(chat()).added
        (changed,) = export(chat(chat_id="c2", at=NOW), known=[asked()]).changed
        assert added.lookup_rank < changed.lookup_rank

    def test_never_takes_an_empty_address_for_a_known_one(self):
        (added,) = export(chat(), issued=[""]).added
        assert added.lookup_rank == LookupPriority.NEW


class TestAskingAgain:
    def test_does_not_ask_again_without_newer_activity(self):
        assert export(chat(), known=[asked()]).changed == ()

    def test_does_not_ask_again_for_another_chat_of_the_same_moment(self):
        (changed,) = export(chat(chat_id="c2"), known=[asked()]).changed
        assert changed.lookup_due_at is None

    def test_asks_again_after_newer_activity_although_it_is_older_than_the_answer(self):
        (changed,) = export(chat(chat_id="c2", at=THEN + timedelta(seconds=1)), known=[asked()]).changed
        assert changed.lookup_due_at == NOW

    @pytest.mark.parametrize(
        ("state", "ttl"), [(VisitorState.ANONYMOUS, ANONYMOUS_TTL), (VisitorState.LINKED, LINKED_TTL)]
    )
    def test_trusts_an_answer_for_its_time_to_live(self, state, ttl):
        known = asked(state=state, checked_at=NOW - timedelta(seconds=1))
        (changed,) = export(chat(chat_id="c2", at=NOW), known=[known]).changed
        assert changed.lookup_due_at == NOW - timedelta(seconds=1) + ttl

    def test_asks_at_once_when_the_chat_shows_another_name(self):
        known = asked(state=VisitorState.LINKED, name="old", checked_at=NOW - timedelta(seconds=1))
        (changed,) = export(chat(at=NOW, name="new"), known=[known]).changed
        assert (changed.lookup_due_at, changed.lookup_rank) == (NOW, LookupPriority.IDENTIFIED)

    def test_asks_at_once_about_an_anonymous_visitor_with_an_address_we_know(self):
        known = asked(email="n@player.example", checked_at=NOW)
        (changed,) = export(chat(at=NOW, email="n@player.example"), known=[known], issued=["n@player.example"]).changed
        assert changed.lookup_due_at == NOW

    def test_does_not_knock_sooner_at_one_that_failed(self):
        later = NOW + timedelta(hours=1)
        known = asked(lookup_attempts=2, lookup_due_at=later)
        (changed,) = export(chat(at=NOW, name="new"), known=[known]).changed
        assert changed.lookup_due_at == later


class TestPlanLink:
    def test_links_a_visitor_that_carries_a_user_id(self):
        plan = link()
        assert (plan.verb, plan.user_id, plan.facts.state) == (Verb.OPEN, "u1", VisitorState.LINKED)

    def test_asks_no_more_after_an_answer(self):
        plan = link(known=asked(lookup_due_at=NOW, last_seen_at=NOW))
        assert (plan.facts.lookup_due_at, plan.facts.checked_activity_at) == (None, NOW)

    def test_confirms_an_unchanged_link(self):
        assert link(before=LinkBefore(open_user_id="u1")).verb == Verb.CONFIRM

    def test_relinks_a_visitor_whose_user_changed(self):
        plan = link(user_id="u2", before=LinkBefore(open_user_id="u1"))
        assert (plan.verb, [one.kind for one in plan.disagreements]) == (Verb.RELINK, [ConflictKind.RELINKED])

    def test_calls_a_device_shared_when_a_former_user_is_back(self):
        plan = link(user_id="u1", before=LinkBefore(open_user_id="u2", former_user_ids=frozenset({"u1"})))
        assert [one.kind for one in plan.disagreements] == [ConflictKind.SHARED_DEVICE]

    def test_calls_a_device_shared_when_a_third_user_comes(self):
        plan = link(user_id="u3", before=LinkBefore(open_user_id="u2", former_user_ids=frozenset({"u1"})))
        assert [one.kind for one in plan.disagreements] == [ConflictKind.SHARED_DEVICE]

    def test_does_not_count_a_user_that_a_person_parted_from_the_visitor(self):
        before = LinkBefore(open_user_id="u2", former_user_ids=frozenset({"u1"}), parted_user_ids=frozenset({"u1"}))
        assert [one.kind for one in link(user_id="u3", before=before).disagreements] == [ConflictKind.RELINKED]

    def test_asks_nothing_where_a_person_called_the_device_shared(self):
        before = LinkBefore(open_user_id="u2", is_shared_device=True)
        assert link(user_id="u3", before=before).disagreements == ()

    def test_compares_user_ids_letter_by_letter(self):
        assert link(user_id="U1", before=LinkBefore(open_user_id="u1")).verb == Verb.RELINK

    def test_ends_the_link_of_a_visitor_that_carries_nothing(self):
        plan = link(user_id="", before=LinkBefore(open_user_id="u1"))
        assert (plan.verb, plan.facts.state) == (Verb.END, VisitorState.ANONYMOUS)

    def test_leaves_an_anonymous_visitor_alone(self):
        plan = link(user_id="")
        assert (plan.verb, plan.disagreements) == (Verb.NONE, ())

    def test_makes_junk_a_question_and_no_link(self):
        plan = link(user_id="", junk="null", junk_reason="junk")
        expected = Disagreement(kind=ConflictKind.JUNK_EXTERNAL_ID, subject="junk|null")
        assert (plan.verb, plan.disagreements) == (Verb.NONE, (expected,))

    def test_asks_once_more_before_a_missing_field_ends_a_link(self):
        plan = link(user_id="", has_external_id=False, before=LinkBefore(open_user_id="u1"))
        assert (plan.verb, plan.facts.lookup_due_at, plan.facts.lookup_attempts) == (Verb.KEEP, NOW, 1)

    def test_ends_the_link_when_the_field_is_missing_again(self):
        known = asked(lookup_attempts=1)
        plan = link(user_id="", has_external_id=False, before=LinkBefore(open_user_id="u1"), known=known)
        assert plan.verb == Verb.END

    def test_asks_whose_address_it_is_when_another_user_has_it(self):
        plan = link(email="n@player.example", owners=["u2"])
        assert [(one.kind, one.other_user_id) for one in plan.disagreements] == [
            (ConflictKind.EMAIL_OF_ANOTHER_USER, "u2")
        ]

    def test_asks_nothing_when_the_user_is_one_of_the_owners(self):
        assert link(email="n@player.example", owners=["u2", "u1"]).disagreements == ()

    def test_never_links_by_address(self):
        assert link(user_id="", email="n@player.example", owners=["u2"]).verb == Verb.NONE

    def test_tells_that_two_joined_visitors_had_different_users(self):
        plan = link(user_id="u1", before=LinkBefore(open_user_id="u1", joined_user_ids=frozenset({"u9"})))
        assert [one.other_user_id for one in plan.disagreements] == ["u9"]


class TestPlanGone:
    def test_ends_the_link(self):
        plan = plan_gone(facts=asked(), before=LinkBefore(open_user_id="u1"), now=NOW)
        assert (plan.verb, plan.facts.state, plan.facts.lookup_due_at) == (Verb.END, VisitorState.GONE, None)


class TestPlanRetry:
    @pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 4), (2, 16), (3, 64), (50, 1440), (100, 1440)])
    def test_waits_longer_each_time_up_to_a_day(self, attempts, minutes):
        planned = plan_retry(facts=facts(lookup_attempts=attempts), now=NOW)
        assert planned.lookup_due_at == NOW + timedelta(minutes=minutes)

    def test_stops_counting(self):
        assert plan_retry(facts=facts(lookup_attempts=100), now=NOW).lookup_attempts == 100


class TestJoinFacts:
    def test_spans_both_and_keeps_what_was_answered(self):
        canonical = asked(name="N")
        joined = join_facts(asked=facts(first_seen_at=THEN - timedelta(days=1), last_seen_at=NOW), canonical=canonical)
        assert (joined.first_seen_at, joined.last_seen_at, joined.name) == (THEN - timedelta(days=1), NOW, "N")


class TestSubjectOf:
    def test_fits_its_column_and_stays_distinct(self):
        one, other = build_subject("x" * 255, "y" * 255), build_subject("x" * 255, "y" * 254 + "z")
        assert (len(one), one == other) == (400, False)
