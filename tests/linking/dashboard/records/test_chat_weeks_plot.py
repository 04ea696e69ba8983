"""A player's chats by week, on the player's page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from linking.models import LoginUser, VisitorChat, VisitorLink
from linking.search import chat_weeks
from tests.factories import USER_ID, make_chat, make_integration, make_link, make_visitor
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
# A Sunday: the last moment of its week.
NOW = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def nadia(acme):
    return LoginUser.objects.create(integration=acme, user_id=USER_ID)


@pytest.fixture
def visitor(acme, nadia):
    visitor = make_visitor(integration=acme, state="linked", external_id=USER_ID)
    make_link(visitor=visitor, login_user=nadia)
    return visitor


def chat(visitor, *, at):
    make_chat(visitor=visitor, chat_id=f"c{VisitorChat.objects.count()}", started_at=at)


def count(nadia):
    return [number for _week, number in chat_weeks.count_chats_by_week([nadia], now=NOW)]


class TestCountChatsByWeek:
    def test_is_half_a_year_that_ends_with_this_week(self, nadia):
        weeks = chat_weeks.count_chats_by_week([nadia], now=NOW)
        assert (len(weeks), weeks[-1][0].isoformat(), weeks[0][0].isoformat()) == (26, "2026-11-16", "2026-05-25")

    def test_counts_monday_to_sunday(self, nadia, visitor):
        for days in (0, 6, 7):
            chat(visitor, at=NOW - timedelta(days=days))
        assert count(nadia)[-2:] == [1, 2]

    def test_leaves_out_what_is_longer_ago(self, nadia, visitor):
        chat(visitor, at=NOW - timedelta(weeks=26))
        assert sum(count(nadia)) == 0

    def test_leaves_out_chats_of_a_visitor_who_is_linked_no_more(self, nadia, visitor):
        chat(visitor, at=NOW)
        VisitorLink.objects.update(ended_at=NOW, end_reason="relinked")
        assert sum(count(nadia)) == 0

    def test_costs_one_query(self, nadia, visitor, django_assert_num_queries):
        for days in range(9):
            chat(visitor, at=NOW - timedelta(days=days))
        with django_assert_num_queries(1):
            count(nadia)


class TestPage:
    def test_tells_a_regular_from_a_stranger(self, agent, visitor):
        for weeks in (0, 1, 2):
            chat(visitor, at=timezone.now() - timedelta(weeks=weeks))
        panel = read(agent.get(f"/users/{USER_ID}/")).one(**{"aria-labelledby": "chat-weeks"})
        assert panel.one("figcaption").text == "3 chats in half a year, in 3 of 26 weeks."

    def test_draws_nothing_without_a_chat(self, agent, visitor):
        assert read(agent.get(f"/users/{USER_ID}/")).all("figure") == []
