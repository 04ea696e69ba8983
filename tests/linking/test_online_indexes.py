"""Indexes that migrations make while the product serves."""

import pytest
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from linking.migrations._online import AddIndexOnline, DropKeyIndexOnline, RemoveIndexOnline

NAME = "chore_by_name"

# PostgreSQL makes no index beside its readers inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def add():
    """The operation, and what it leaves behind taken away."""
    yield AddIndexOnline(model_name="chore", index=models.Index(fields=["name"], name=NAME))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {NAME}")


def run(operation, *, before=None, is_back=False):
    before = before or MigrationLoader(connection).project_state()
    after = before.clone()
    operation.state_forwards("linking", after)
    with connection.schema_editor(atomic=False) as editor:
        if is_back:
            operation.database_backwards("linking", editor, after, before)
        else:
            operation.database_forwards("linking", editor, before, after)
    return after


def is_there():
    with connection.cursor() as cursor:
        return NAME in connection.introspection.get_constraints(cursor, "linking_chore")


def test_an_index_is_made_and_dropped(add):
    after = run(add)
    made = is_there()
    run(RemoveIndexOnline(model_name="chore", name=NAME), before=after)
    assert (made, is_there()) == (True, False)


def test_a_migration_can_be_taken_back(add):
    run(add)
    run(add, is_back=True)
    assert not is_there()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite makes an index in one go")
class TestOnPostgreSQL:
    def test_an_index_left_half_made_is_made_anew(self, add):
        run(add)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [NAME])
        run(add)
        with connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [NAME])
            assert cursor.fetchone() == (True,)

    def test_a_whole_index_is_kept_by_a_second_try(self, add):
        run(add)
        run(add)
        assert is_there()

    def test_the_time_limits_of_pages_hold_again_afterwards(self, add):
        run(add)
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("15s",)


class TestTheIndexOfAForeignKey:
    @pytest.fixture
    def drop(self):
        key = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, db_index=False)
        operation = DropKeyIndexOnline(model_name="waitinghour", name="integration", field=key)
        yield operation
        run(operation, is_back=True)

    def count(self):
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "linking_waitinghour").values()
        return sum(one["columns"] == ["integration_id"] and one["index"] for one in found)

    def test_is_dropped_and_comes_back(self, drop):
        before = self.count()
        run(drop)
        dropped = self.count()
        run(drop, is_back=True)
        assert (before, dropped, self.count()) == (1, 0, 1)

    def test_may_be_gone_already(self, drop):
        run(drop)
        run(drop)
        assert self.count() == 0

    def test_leaves_the_key_itself(self, drop):
        run(drop)
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, "linking_waitinghour").values()
        assert any(one["foreign_key"] for one in found)
