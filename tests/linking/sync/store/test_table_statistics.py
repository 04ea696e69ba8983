"""When PostgreSQL is asked to look at the tables anew."""

import pytest
from django.db import OperationalError, connection

from linking.sync.store import table_statistics
from tests.factories import make_chat, make_integration, make_visitor

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without counting rows")


@pytest.fixture(autouse=True)
def two_are_many(monkeypatch):
    monkeypatch.setattr(table_statistics, "FEW", 2)


def keep_up(before, after):
    return table_statistics.keep_up(tables=table_statistics.SEEN, before=before, after=after)


def believed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'linking_visitor'")
        return cursor.fetchone()[0]


@on_postgresql
class TestKeepUp:
    @pytest.fixture(autouse=True)
    def forgotten(self):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE linking_visitor CASCADE")
            cursor.execute("ANALYZE linking_visitor")
        acme = make_integration()
        for number in range(4):
            make_chat(visitor=make_visitor(integration=acme, visitor_id=f"1.v{number}"), chat_id=f"c{number}")

    def test_tells_how_many_rows_there_are(self):
        assert (keep_up(0, 4), believed()) == (True, 4)

    @pytest.mark.parametrize(("before", "after"), [(4, 4), (4, 7), (0, 1)])
    def test_waits_until_the_rows_have_doubled(self, before, after):
        assert keep_up(before, after) is False

    def test_leaves_a_table_alone_that_is_known_well(self):
        keep_up(0, 4)
        assert keep_up(3, 5) is False

    def test_lets_the_pass_go_on_when_it_fails(self, monkeypatch, caplog):
        monkeypatch.setattr(
            table_statistics, "_gather", lambda **_options: (_ for _ in ()).throw(OperationalError("no"))
        )
        assert (keep_up(0, 4), "could not gather" in caplog.text) == (False, True)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="what the others do")
class TestElsewhere:
    def test_nothing_is_asked(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert keep_up(0, 4) is False
