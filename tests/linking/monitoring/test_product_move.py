"""How far an account has moved from Chat to Messaging."""

from datetime import date, timedelta

import pytest

from linking.monitoring.product_move import Week, count_weeks, find_pair, list_still_in_chat
from tests.factories import NOW, make_integration
from tests.linking.sync.messaging.fake_support import make_issued, make_support, uuid

pytestmark = pytest.mark.django_db
THIS_WEEK, LAST_WEEK = date(2026, 11, 16), date(2026, 11, 9)


@pytest.fixture
def pair():
    make_integration(login_project_id="p")
    return find_pair(make_support(slug="support", login_project_id="p"))


def issue(row, number, *, days=0, upper=False):
    user_id = uuid(number).upper() if upper else uuid(number)
    return make_issued(row, user_id, at=NOW - timedelta(days=days))


class TestPair:
    def test_is_one_of_each_product_of_a_login_project(self, pair):
        assert (pair.chat.slug, pair.messaging.slug) == ("acme", "support")
        assert find_pair(pair.chat) == pair

    def test_is_none_without_the_other(self):
        chat = make_integration(login_project_id="p")
        make_support(slug="stranger", login_project_id="q")
        make_integration(slug="twin", login_project_id="p")
        assert find_pair(chat) is None


class TestWeeks:
    def test_count_each_player_once_in_the_week_of_the_last_token(self, pair):
        issue(pair.chat, 1)
        issue(pair.chat, 2, days=7)
        issue(pair.messaging, 3)
        issue(pair.chat, 4, days=7)
        issue(pair.messaging, 4, upper=True)
        issue(pair.chat, 5)
        issue(pair.messaging, 5, days=40)
        issue(pair.chat, 6)
        issue(pair.messaging, 6)
        weeks = count_weeks(pair, now=NOW)
        assert weeks[0] == Week(starts_on=THIS_WEEK, chat_only=1, both=3, messaging_only=1)
        assert weeks[1] == Week(starts_on=LAST_WEEK, chat_only=1)
        assert sum(week.total for week in weeks) == 6

    def test_are_twelve(self, pair):
        issue(pair.chat, 1, days=84)
        weeks = count_weeks(pair, now=NOW)
        assert (len(weeks), sum(week.total for week in weeks)) == (12, 0)

    def test_cost_four_queries(self, pair, django_assert_num_queries):
        with django_assert_num_queries(4):
            count_weeks(pair, now=NOW)


class TestStillInChat:
    def test_lists_whose_last_token_was_for_the_old_widget(self, pair):
        issue(pair.chat, 1, days=1)
        issue(pair.chat, 2)
        issue(pair.messaging, 2, days=3, upper=True)
        issue(pair.chat, 3, days=3)
        issue(pair.messaging, 3)
        issue(pair.messaging, 4)
        found = list_still_in_chat(pair, limit=9)
        assert [(user.user_id, user.messaging_at) for user in found] == [
            (uuid(2), NOW - timedelta(days=3)), (uuid(1), None),
        ]  # fmt: skip
