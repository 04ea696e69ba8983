"""`column__any_of=values` finds what `__in` finds, by the same indexes."""

import pytest
from django.db import connection
from django.db.models import Q

from linking.models import LoginUser, Visitor
from tests.factories import make_integration, make_visitor

pytestmark = pytest.mark.django_db
HOSTILE = ["a", "A", "Ünïcode", "a'b", 'a"b', "a\\b", "{a,b}", "a,b", "NULL", "%s", "100%", "🎮", " a ", "line\nend"]


@pytest.fixture
def visitors():
    acme = make_integration()
    return [make_visitor(integration=acme, visitor_id=text) for text in HOSTILE]


@pytest.fixture
def statement(django_assert_num_queries):
    """The one statement of what is called."""

    def ran(call):
        with django_assert_num_queries(1) as captured:
            call()
        return captured[0]["sql"]

    return ran


class TestTexts:
    @pytest.mark.parametrize("wanted", [*([one] for one in HOSTILE), HOSTILE, ["b"], ["a", "a", "b"], ["a%"]])
    def test_are_found_as_in_finds_them(self, visitors, wanted):
        found = Visitor.objects.filter(visitor_id__any_of=wanted).order_by("pk")
        assert list(found) == list(Visitor.objects.filter(visitor_id__in=wanted).order_by("pk"))

    @pytest.mark.parametrize("collection", [set, tuple, dict.fromkeys, iter])
    def test_come_in_any_collection(self, visitors, collection):
        assert Visitor.objects.filter(visitor_id__any_of=collection(["a", "🎮"])).count() == 2

    def test_can_be_left_out(self, visitors):
        assert Visitor.objects.exclude(visitor_id__any_of=HOSTILE[1:]).get().visitor_id == HOSTILE[0]

    def test_are_one_parameter(self, visitors, statement):
        text = statement(lambda: list(Visitor.objects.filter(visitor_id__any_of=HOSTILE)))
        assert "ANY(" in text if connection.vendor == "postgresql" else "json_each(" in text


class TestNumbers:
    def test_are_found_as_in_finds_them(self, visitors):
        wanted = [row.pk for row in visitors[::2]]
        assert set(Visitor.objects.filter(pk__any_of=wanted)) == set(visitors[::2])

    def test_are_found_through_a_foreign_key(self, visitors):
        keys = {visitors[0].integration_id}
        assert Visitor.objects.filter(integration__pk__any_of=keys).count() == len(HOSTILE)


class TestNothing:
    def test_asks_nothing(self, visitors, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert list(Visitor.objects.filter(visitor_id__any_of=[])) == []

    def test_is_left_out_beside_something(self, visitors):
        assert Visitor.objects.filter(Q(visitor_id__any_of=[]) | Q(visitor_id="a")).count() == 1


class TestIndexes:
    """With a table of this size a planner that cannot use one would still read it all."""

    def plan(self, rows):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        return rows.order_by().explain()

    def test_serve_ids(self):
        plan = self.plan(Visitor.objects.filter(visitor_id__any_of=HOSTILE))
        assert "visitor_by_id" in plan

    def test_serve_words_in_lower_case(self):
        plan = self.plan(LoginUser.objects.carrying(words=HOSTILE))
        assert "low_email" in plan and "low_name" in plan
