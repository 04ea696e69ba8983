from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linking.core.masking import mask_text
from linking.core.text import clean_line
from linking.models import Visitor
from linking.models.sql import word_upkeep
from linking.search import find, parse_query
from linking.search import text_index as visitor_search
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its index by itself")


def found(q: str) -> list[str]:
    return [row.visitor_id for row in find.list_visitors(sees_contact=True, query=parse_query(q))]


@pytest.fixture
def acme():
    return make_integration()


class TestIndex:
    def test_is_there_after_all_migrations(self):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE '%words_fts' AND type = 'table'")
            else:
                cursor.execute(
                    "SELECT count(*) / 2 FROM pg_indexes WHERE indexdef LIKE '%trgm%' AND tablename LIKE '%words'"
                )
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
class TestUpkeep:
    """A migration that makes SQLite copy a table drops its triggers; what comes after the migrations heals that."""

    def test_makes_what_is_missing_and_fills_it_anew(self, acme):
        make_visitor(integration=acme, visitor_id="1.old", name="Before")
        word_upkeep.remove(connection)
        make_visitor(integration=acme, visitor_id="1.new", name="Meanwhile")
        Visitor.objects.filter(visitor_id="1.old").update(name="Renamed")
        word_upkeep.install(connection)
        assert (found("before"), found("renamed"), found("meanwhile")) == ([], ["1.old"], ["1.new"])

    def test_leaves_what_is_there(self, acme, django_assert_max_num_queries):
        with django_assert_max_num_queries(6):
            word_upkeep.install(connection)


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


class TestWhatIsMasked:
    """The search's own judgement, in SQL, is the stricter one: what is masked is never found in part."""

    @pytest.mark.parametrize(
        "name",
        [
            "nadia@player.example", "Nadia nadia@player.example", "@nadia", "Kai +491712345678", "030-1234567",
            "call 555 1234 now", "1712345678", "٠١٧١٢٣٤٥٦٧٨", "１７１２３４５６７８",
            "0 1 7 1 2 3 4", "Visitor 1234567890",
            "visitor +49 30 1234567", "(030) 123.45.67",
        ],
    )  # fmt: skip
    def test_stands_among_contact_data(self, acme, name):
        visitor = make_visitor(integration=acme, name=name)
        make_link(visitor=visitor, login_user=make_login_user(integration=acme, name=name))
        assert visitor.words.plain.split() == ["7700123.ab3xkq9zlm2rt7", USER_ID]

    @pytest.mark.parametrize("external_id", ["nadia@player.example", "+491712345678", "a@b"])
    def test_holds_for_ids(self, acme, external_id):
        visitor = make_visitor(integration=acme, name="Nadia", external_id=external_id)
        assert external_id not in visitor.words.plain

    @given(name=st.text(alphabet=st.sampled_from("0123456789+-() .@aV٣４"), max_size=24))
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_holds_for_any_name(self, acme, name):
        cleaned = clean_line(name, max_characters=100)
        Visitor.objects.all().delete()
        visitor = make_visitor(integration=acme, visitor_id="v", name=cleaned)
        assert mask_text(cleaned) == cleaned or visitor.words.plain.split() == ["v"]

    def test_leaves_the_names_that_zendesk_gives(self, acme):
        assert "visitor 12345678" in make_visitor(integration=acme, name="Visitor 12345678").words.plain
