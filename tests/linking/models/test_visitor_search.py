from datetime import timedelta

import pytest
from django.db import connection

from linking import finding
from linking.models import Visitor, visitor_search
from tests.factories import NOW, make_integration, make_visitor

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its index by itself")


def found(q: str) -> list[str]:
    return [row.visitor_id for row in finding.visitors(sees_contact=True, q=q)]


@pytest.fixture
def acme():
    return make_integration()


class TestIndex:
    def test_is_there_after_all_migrations(self):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '%words_fts' AND type = 'table'")
            else:
                cursor.execute("SELECT count(*) / 2 FROM pg_indexes WHERE indexdef LIKE '%gin_trgm_ops%'")
            assert cursor.fetchone()[0] == 2

    def test_follows_an_upsert(self, acme):
        make_visitor(integration=acme, visitor_id="1.a", name="Before")
        seen = {"first_seen_at": NOW, "last_seen_at": NOW + timedelta(hours=1), "checked_at": NOW}
        Visitor.objects.bulk_create(
            [Visitor(integration=acme, visitor_id="1.a", name="After", state="anonymous", **seen)],
            update_conflicts=True, unique_fields=["integration", "visitor_id"], update_fields=["name", "last_seen_at"],
        )  # fmt: skip
        assert (found("before"), found("after")) == ([], ["1.a"])


@on_sqlite
class TestWithoutIndex:
    @pytest.fixture(autouse=True)
    def no_index(self, monkeypatch):
        monkeypatch.setattr(visitor_search, "_has_full_text", lambda: False)

    @pytest.mark.parametrize("q", ["nadia", "KOVAČ", "kovač", "123-4567", "+4930123", "1-ab"])
    def test_finds_the_same(self, acme, q):
        make_visitor(integration=acme, visitor_id="1.ab", name="Nadia Kovač", phone="+49 (30) 123-4567")
        assert found(q) == ["1.ab"]

    @pytest.mark.parametrize("q", ["%", "_", "n%a", "\\"])
    def test_takes_marks_of_patterns_for_text(self, acme, q):
        make_visitor(integration=acme, name="Nadia")
        assert found(q) == []
