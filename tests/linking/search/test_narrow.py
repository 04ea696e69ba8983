import pytest
from django.db import connection

from linking.models import Visitor
from linking.search import narrow
from tests.factories import NOW, make_integration, make_visitor

pytestmark = pytest.mark.django_db


class TestKeepWithoutEmail:
    def test_keeps_those_that_were_read_and_have_none(self):
        acme = make_integration()
        states = {"anonymous": {}, "pending": {"checked_at": None}, "gone": {"gone_at": NOW}}
        for state, changes in states.items():
            make_visitor(integration=acme, visitor_id=f"7700123.{state}", state=state, **changes)
        make_visitor(integration=acme, email="nadia@player.example")
        found = narrow.keep_without_email(Visitor.objects.all())
        assert [visitor.visitor_id for visitor in found] == ["7700123.anonymous"]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL weighs this by what it knows of the table")
    def test_walks_by_time_on_sqlite(self):
        visitors = narrow.keep_without_email(Visitor.objects.order_by("-last_seen_at", "-pk"))
        assert "USING INDEX visitor_newest" in visitors[:51].explain()
