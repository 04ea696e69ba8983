"""The sync against a model that is nothing but dictionaries: whatever happens in Chat, in any order, they agree.

Short by default; `SYNC_STEPS=50000` makes one long run of so many steps.
"""

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from linking import registry
from linking.clients.zendesk_api import ZendeskBroken, ZendeskTryLater
from linking.clients.zendesk_records import RAW_MAX_CHARACTERS
from linking.models import Conflict, Integration, LoginUser, Quarantined, Visitor, VisitorAlias, VisitorLink
from linking.sync import run
from linking.sync.chat.source import ChatSource
from tests.factories import make_integration
from tests.linking.sync.fake_chat import DAY_AGO_S, FakeChat, FakeTime, patience

STEPS = int(os.environ.get("SYNC_STEPS", "0"))
STEPS_A_RUN = 50
USERS = st.sampled_from(["u1", "u2", "u3", "U1", 7, ""])
CHANGES_OF_USER = ("relinked", "shared_device")
JUNK = st.sampled_from(["null", " ", "x" * 256, "\x00"])
FAULTS = st.sampled_from([
    ZendeskTryLater("Zendesk failed (502).", reason="vendor_fault"),
    ZendeskTryLater("Zendesk asked for a pause (429).", reason="vendor_pause", retry_after_s=3),
    ZendeskBroken("The answer cannot be read as JSON."),
    KeyboardInterrupt(),
])  # fmt: skip


class Account(RuleBasedStateMachine):
    """Chats are only added or changed at the feed's end, as the vendor does it."""

    visitors = Bundle("visitors")

    def __init__(self):
        super().__init__()
        Integration.objects.all().delete()
        registry.forget()
        self.acme = make_integration(requests_per_minute=100_000)
        self.chat, self.time = FakeChat(limit=3), FakeTime()
        self.at_s, self.number, self.is_settled = DAY_AGO_S, 0, True
        self.opened, ChatSource.open_client = ChatSource.open_client, lambda _source, **_options: self.chat

    def teardown(self):
        ChatSource.open_client = self.opened

    @initialize(target=visitors)
    def somebody(self):
        return self.somebody_new(user="u1", is_tied=False)

    @rule(target=visitors, user=USERS, is_tied=st.booleans())
    def somebody_new(self, user, is_tied):
        self.number += 1
        visitor_id = f"7.v{self.number}"
        self.chat.add_visitor(visitor_id, external_id=user)
        self.says_something(visitor_id, is_tied=is_tied)
        return visitor_id

    @rule(number=st.integers(4, 9), user=USERS)
    def many_come_in_one_second(self, number, user):
        for place in range(number):
            self.somebody_new(user=user, is_tied=place > 0)

    @rule(visitor_id=visitors, is_tied=st.booleans())
    def says_something(self, visitor_id, is_tied):
        self.at_s += 0 if is_tied else 7
        self.chat.add_chat(visitor_id, at_s=self.at_s)
        self.is_settled = False

    @rule(visitor_id=visitors, user=USERS | JUNK)
    def signs_in(self, visitor_id, user):
        if visitor_id in self.chat.visitors:
            self.chat.add_visitor(visitor_id, external_id=user)
            self.says_something(visitor_id, is_tied=False)

    @rule(visitor_id=visitors)
    def goes_away(self, visitor_id):
        if visitor_id not in self.chat.aliases.values():
            self.chat.visitors.pop(visitor_id, None)
            self.says_something(visitor_id, is_tied=False)

    @rule(visitor_id=visitors, other=visitors)
    def is_joined(self, visitor_id, other):
        known = self.chat.visitors
        if visitor_id != other and {visitor_id, other} <= known.keys() and visitor_id not in self.chat.aliases.values():
            del known[visitor_id]
            self.chat.aliases[visitor_id] = other
            self.says_something(visitor_id, is_tied=False)

    @rule()
    def a_record_is_spoiled(self):
        self.at_s += 7
        self.chat.chats.append({"id": f"bad{self.at_s}", "at_s": self.at_s, "visitor": "?" * (RAW_MAX_CHARACTERS + 1)})
        self.is_settled = False

    @rule(faults=st.lists(st.none() | FAULTS, max_size=8))
    def a_pass_is_cut_short(self, faults):
        self.chat.faults = list(faults)
        try:
            self.run_pass()
        except KeyboardInterrupt:
            self.is_settled = False
        self.chat.faults = []

    @rule(is_full=st.booleans())
    def a_pass_comes_through(self, is_full):
        self.chat.faults = []
        for _ in range(20):
            if self.run_pass(is_full=is_full).is_complete:
                break
            self.time.now += timedelta(minutes=5)
        self.is_settled = True
        assert mapping() == self.truth()

    def run_pass(self, **options):
        return run.run_pass(
            integration_id=self.acme.pk, trigger="command", is_eager=True, clock=self.time.clock, patience=patience(),
            allow_loopback=False, **options,
        )  # fmt: skip

    def truth(self):
        seen = {chat["visitor"]["id"] for chat in self.chat.chats if isinstance(chat["visitor"], dict)}
        met = {self.chat.aliases.get(visitor_id, visitor_id) for visitor_id in seen}
        known = self.chat.visitors
        users = {visitor_id: str(known[visitor_id]["external_id"]) for visitor_id in met & known.keys()}
        return {visitor_id: user for visitor_id, user in users.items() if user in {"u1", "u2", "u3", "U1", "7"}}

    @invariant()
    def a_visitor_has_one_open_link_at_most_and_says_so(self):
        linked = set(Visitor.objects.filter(state="linked").values_list("visitor_id", flat=True))
        assert linked == set(mapping())

    @invariant()
    def nobody_is_kept_under_two_ids(self):
        ids = set(Visitor.objects.values_list("visitor_id", flat=True))
        assert not ids & set(VisitorAlias.objects.values_list("alias_id", flat=True))

    @invariant()
    def history_is_never_shortened(self):
        number = VisitorLink.objects.count(), LoginUser.objects.count()
        assert all(now >= before for now, before in zip(number, getattr(self, "kept", (0, 0)), strict=True))
        self.kept = number
        # Not their number: where two visitors become one, the same question about both becomes one too.
        questions = set(Conflict.objects.exclude(kind__in=CHANGES_OF_USER).values_list("kind", "subject"))
        assert questions >= getattr(self, "questions", set())
        self.questions = questions

    @invariant()
    def a_visitor_whose_user_changed_stays_in_question(self):
        # Several such questions about one visitor become one, of another kind.
        asked = set(Conflict.objects.filter(kind__in=CHANGES_OF_USER).values_list("visitor__visitor_id", flat=True))
        led_to = dict(VisitorAlias.objects.values_list("alias_id", "visitor__visitor_id"))
        assert asked >= {led_to.get(visitor_id, visitor_id) for visitor_id in getattr(self, "asked", set())}
        self.asked = asked

    @invariant()
    def nothing_behind_the_cursor_is_lost(self):
        row = Integration.objects.get()
        behind = [one for one in self.chat.chats if row.cursor_epoch_s and one["at_s"] < row.cursor_epoch_s]
        ids = set(Visitor.objects.values_list("visitor_id", flat=True))
        ids |= set(VisitorAlias.objects.values_list("alias_id", flat=True))
        bad = set(Quarantined.objects.values_list("record_key", flat=True))
        lost = [one for one in behind if isinstance(one["visitor"], dict) and one["visitor"]["id"] not in ids]
        assert lost + [one for one in behind if isinstance(one["visitor"], str) and one["id"] not in bad] == []


def mapping():
    return dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))


@pytest.mark.slow
@pytest.mark.django_db
class TestAnyHistory:
    def test_ends_in_the_truth(self):
        runs = max(1, STEPS // STEPS_A_RUN) if STEPS else 12
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        chosen = settings(
            max_examples=runs, stateful_step_count=STEPS_A_RUN, deadline=None, suppress_health_check=checks
        )
        run_state_machine_as_test(Account, settings=chosen)
