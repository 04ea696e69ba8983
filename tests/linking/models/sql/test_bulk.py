"""Rows written by one statement read back as the ORM would have written them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from linking.models import LoginUser, Visitor, VisitorLink
from linking.models.sql import bulk
from tests.factories import NOW, make_integration, make_visitor

pytestmark = pytest.mark.django_db
COLUMNS = ("visitor_id", "name", "notes", "first_seen_at", "last_seen_at", "lookup_due_at", "lookup_rank")
SAME = {
    "state": "pending", "is_banned": False, "external_id": "", "lookup_attempts": 0, "email": "", "phone": "",
    "last_chat_id": "", "stored_at": NOW,
}  # fmt: skip
HOSTILE = [
    '"quoted"',
    "back\\slash \\u0041 \\n",
    "%s %(x)s",
    "'; DROP TABLE linking_visitor",
    "Žofie 漢 😀",
    "7",
    "null",
]
UNIQUE = ("integration_id", "visitor_id")
LISBON = timezone(timedelta(hours=1))


@pytest.fixture
def acme():
    return make_integration()


def insert(acme, *rows, **options):
    bulk.insert(Visitor, COLUMNS, rows, same=SAME | {"integration_id": acme.pk}, **options)


def visitor(visitor_id="1.a", *, name="", notes="", at=NOW, due_at=None, rank=1):
    return (visitor_id, name, notes, at, at, due_at, rank)


class TestInsert:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_keeps_text_as_it_is(self, acme, text):
        insert(acme, visitor(name=text, notes=text + "\nline"))
        found = Visitor.objects.get()
        assert (found.name, found.notes) == (text, text + "\nline")

    @pytest.mark.parametrize("at", [NOW, NOW + timedelta(microseconds=1), datetime(2026, 1, 1, 1, 0, 0, 5, LISBON)])
    def test_keeps_times_as_the_orm_would(self, acme, at):
        insert(acme, visitor(at=at, due_at=at))
        by_orm = make_visitor(integration=acme, visitor_id="1.b", first_seen_at=at, last_seen_at=at, lookup_due_at=at)
        same = Visitor.objects.filter(last_seen_at=at, lookup_due_at=at).values_list("visitor_id", flat=True)
        assert sorted(same) == ["1.a", by_orm.visitor_id]

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="times are texts there only")
    def test_writes_times_in_the_orms_own_words(self, acme):
        for at in (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, 0, 0, 5, LISBON)):
            assert bulk._sqlite_text(at) == connection.ops.adapt_datetimefield_value(at)

    def test_leaves_nothing_where_nothing_is_given(self, acme):
        insert(acme, visitor(due_at=None))
        assert Visitor.objects.get().lookup_due_at is None

    def test_makes_the_search_column(self, acme):
        insert(acme, visitor(name="NADIA"))
        assert "nadia" in Visitor.objects.get().search

    def test_takes_one_statement_for_a_thousand_rows(self, acme):
        with CaptureQueriesContext(connection) as asked:
            insert(acme, *[visitor(f"1.v{number}") for number in range(1000)])
        assert (len(asked), Visitor.objects.count()) == (1, 1000)

    def test_takes_more_rows_than_one_statement_holds(self, acme):
        insert(acme, *[visitor(f"1.v{number}") for number in range(1001)])
        assert Visitor.objects.count() == 1001

    def test_takes_the_new_values_of_a_row_that_is_there(self, acme):
        insert(acme, visitor(name="before"))
        insert(acme, visitor(name="after"), unique=UNIQUE, update=("name",))
        assert Visitor.objects.get().name == "after"

    @pytest.mark.parametrize(("name", "rank"), [("same", 1), ("other", 2)])
    def test_spares_a_row_that_has_the_values_already(self, acme, name, rank):
        insert(acme, visitor(name="same", due_at=None))
        insert(
            acme, visitor(name=name, due_at=None), unique=UNIQUE, update=("name", "lookup_due_at"),
            merge={"lookup_rank": "kept.lookup_rank + 1"}, is_sparing=True,
        )  # fmt: skip
        assert Visitor.objects.get().lookup_rank == rank

    def test_asks_nothing_for_no_rows(self, acme, django_assert_num_queries):
        with django_assert_num_queries(0):
            insert(acme)

    def test_refuses_a_row_that_is_there(self, acme):
        make_visitor(integration=acme, visitor_id="1.a")
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(acme, visitor())

    def test_updates_what_was_named_of_a_row_that_is_there(self, acme):
        make_visitor(integration=acme, visitor_id="1.a", name="old", notes="old")
        insert(acme, visitor(name="new", notes="new"), unique=("integration_id", "visitor_id"), update=("name",))
        found = Visitor.objects.get()
        assert (found.name, found.notes) == ("new", "old")

    def test_refuses_text_too_long_for_its_column_where_the_database_does(self, acme):
        if connection.vendor == "sqlite":
            pytest.skip("SQLite has no lengths")
        with pytest.raises(DatabaseError), transaction.atomic():
            insert(acme, visitor(name="x" * 256))

    def test_checks_the_tables_rules(self, acme):
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(acme, visitor(""))


class TestUpdate:
    def test_changes_the_named_columns_of_the_named_rows(self, acme):
        first = make_visitor(integration=acme, visitor_id="1.a", name="a", notes="a")
        make_visitor(integration=acme, visitor_id="1.b", name="b", notes="b")
        bulk.update(Visitor, ("id", "name"), [(first.pk, "new")])
        rows = Visitor.objects.order_by("visitor_id").values_list("name", "notes")
        assert list(rows) == [("new", "a"), ("b", "b")]

    def test_empties_and_fills(self, acme):
        one = make_visitor(integration=acme, visitor_id="1.a", lookup_due_at=NOW, created_at=None)
        bulk.update(Visitor, ("id", "lookup_due_at", "created_at", "is_banned"), [(one.pk, None, NOW, True)])
        one.refresh_from_db()
        assert (one.lookup_due_at, one.created_at, one.is_banned) == (None, NOW, True)

    def test_takes_one_statement_however_many_rows(self, acme):
        keys = [make_visitor(integration=acme, visitor_id=f"1.v{number}").pk for number in range(30)]
        with CaptureQueriesContext(connection) as asked:
            bulk.update(Visitor, ("id", "name"), [(key, f"n{key}") for key in keys])
        assert (len(asked), Visitor.objects.filter(name="").count()) == (1, 0)

    def test_reaches_rows_by_key_in_a_large_table(self, acme):
        """However little the planner knows of the table, an update never reads all of it."""
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL's plans depend on statistics")
        source = "json_each('[[1, \"n\"]]') AS given"
        statement = f"UPDATE linking_visitor SET name = json_extract(given.value, '$[1]') FROM {source}"
        with connection.cursor() as cursor:
            cursor.execute(
                f"EXPLAIN QUERY PLAN {statement} WHERE linking_visitor.id = json_extract(given.value, '$[0]')"
            )
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert "SCAN linking_visitor" not in plan
        assert "SEARCH linking_visitor USING" in plan


class TestMerge:
    def test_joins_the_row_that_is_there_with_the_new_one(self, acme):
        keys = {"unique": ("integration_id", "visitor_id"), "update": ("name",)}
        merge = {
            "notes": "kept.notes || ' ' || excluded.notes",
            "lookup_rank": "kept.lookup_rank + excluded.lookup_rank",
        }
        for word in ("first", "second"):
            insert(acme, visitor(name=word, notes=word, rank=2), **keys, merge=merge)
        one = Visitor.objects.get()
        assert (one.name, one.notes, one.lookup_rank) == ("second", "first second", 4)


class TestForeignKeys:
    def test_are_named_by_their_columns(self, acme):
        one = make_visitor(integration=acme)
        bulk.insert(
            LoginUser, ("user_id",), [("u1",)],
            same={"integration_id": acme.pk, "email": "", "name": "", "tokens_issued": 0, "is_seen_in_chat": True,
                  "created_at": NOW},
        )  # fmt: skip
        times = {"first_seen_at": NOW, "last_confirmed_at": NOW, "end_reason": "", "evidence_run_id": None}
        columns = ("visitor_id", "login_user_id", "evidence_asked_id")
        bulk.insert(VisitorLink, columns, [(one.pk, LoginUser.objects.get().pk, "1.a")], same=times)
        link = VisitorLink.objects.get()
        assert (link.visitor, link.login_user.user_id, link.evidence_run) == (one, "u1", None)
