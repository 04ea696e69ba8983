"""The chats of visitors, as a record's timeline asks for them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linking.search import ChatPlace, history
from tests.factories import NOW, make_chat, make_integration, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    return make_visitor(integration=make_integration())


class TestListChats:
    def test_gives_the_newest_first_and_breaks_ties_by_key(self, visitor):
        first, second = (make_chat(visitor=visitor, chat_id=name) for name in ("a", "b"))
        older = make_chat(visitor=visitor, chat_id="c", started_at=NOW - timedelta(hours=1))
        assert history.list_chats(visitor_keys=[visitor.pk], limit=5) == [second, first, older]

    def test_goes_on_below_a_place(self, visitor):
        first, second = (make_chat(visitor=visitor, chat_id=name) for name in ("a", "b"))
        below = ChatPlace(at=NOW, key=second.pk)
        assert history.list_chats(visitor_keys=[visitor.pk], below=below, limit=5) == [first]

    def test_takes_all_of_a_moment_below_a_place_without_key(self, visitor):
        made = make_chat(visitor=visitor)
        assert history.list_chats(visitor_keys=[visitor.pk], below=ChatPlace(at=NOW), limit=5) == [made]

    def test_gives_none_for_nobody(self):
        assert history.list_chats(visitor_keys=[], limit=5) == []

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's plans depend on statistics")
    def test_reads_those_of_one_visitor_in_the_order_of_the_index(self, visitor):
        with CaptureQueriesContext(connection) as asked:
            history.list_chats(visitor_keys=[visitor.pk], below=ChatPlace(at=NOW, key=9), limit=51)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]['sql']}")
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "chat_by_visitor" in plan
        assert "TEMP B-TREE" not in plan
