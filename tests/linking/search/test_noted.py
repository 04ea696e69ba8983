import pytest
from django.db import connection

from linking.models import Label, LoginUser, PlayerLabel, PlayerNote
from linking.models.sql import note_upkeep
from linking.notes import labels, player_labels, player_notes
from linking.search import find, noted, parse_query
from linking.search import text_index as index
from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps its index by itself")
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
TEXT = "Refunded twice, see ticket 471100\nWrite to kai@player.example or +49 30 1234567"


@pytest.fixture
def nadia():
    acme = make_integration()
    user = make_login_user(integration=acme, name="Nadia")
    make_link(visitor=make_visitor(integration=acme), login_user=user)
    return user


@pytest.fixture
def note(nadia):
    return player_notes.write_note(player=nadia, text=TEXT, by=make_person("lead"), now=NOW)


def found(q, *, sees_contact=True):
    rows = find.list_visitors(sees_contact=sees_contact, query=parse_query(q))
    return [row.visitor_id for row in rows]


class TestWordsOfNotes:
    @pytest.mark.parametrize("q", ["refunded", "TWICE refunded", "efund", "ticket 471100", "471100", "see refunded"])
    @pytest.mark.parametrize("sees_contact", [True, False])
    def test_find_the_players_visitors(self, note, q, sees_contact):
        assert found(q, sees_contact=sees_contact) == [VISITOR]

    @pytest.mark.parametrize("q", ["refunded nadia", "refunds", "%", "refund_d"])
    def test_stand_in_one_note_all_of_them(self, note, q):
        assert found(q) == []

    def test_find_a_player_who_has_no_chat_yet(self):
        proof = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
        user = make_login_user(integration=make_integration(), **proof)
        player_notes.write_note(player=user, text="Whale", by=make_person("lead"), now=NOW)
        rows = find.list_waiting_users(sees_contact=False, query=parse_query("whale"))
        assert [row.user_id for row in rows] == [USER_ID]

    def test_follow_an_edit_and_a_removal(self, note):
        player_notes.edit_note(note=note, text="Charged back", seen=0, by=note.author, now=NOW)
        assert (found("refunded"), found("charged")) == ([], [VISITOR])
        player_notes.remove_note(note=note, by=note.author, now=NOW)
        assert found("charged") == []

    def test_go_with_the_player(self, note, nadia):
        nadia.delete()
        assert found("refunded") == []

    def test_do_not_keep_zendesk_from_being_asked_about_a_visitor(self, nadia):
        player_notes.write_note(player=nadia, text="Same as 7700123.zzzzzzzzzzzz", by=make_person("lead"), now=NOW)
        assert find.find_unknown_id(parse_query("7700123.zzzzzzzzzzzz")) == "7700123.zzzzzzzzzzzz"

    def test_take_in_no_more_than_so_many(self, nadia, monkeypatch):
        monkeypatch.setattr(noted, "NOTED_MAX", 1)
        other = make_login_user(integration=nadia.integration, user_id="u-2")
        for user in (nadia, other):
            player_notes.write_note(player=user, text="Whale", by=make_person(f"of {user.pk}"), now=NOW)
        assert noted.find_player_keys(parse_query("whale"), sees_contact=True) == [other.pk]


class TestContactInNotes:
    @pytest.mark.parametrize("q", ["kai@player.example", "kai@play", "+49 30 1234567", "49301234567", "write to kai@"])
    def test_is_found_by_those_who_may_see_it(self, note, q):
        assert found(q) == [VISITOR]

    @pytest.mark.parametrize(
        "q", ["kai@player.example", "kai@play", "kai", "player.example", "+49 30 1234567", "49301234567", "1234567"]
    )
    def test_is_not_found_by_agents_whole_or_in_part(self, note, q):
        assert found(q, sees_contact=False) == []


class TestNamesOfLabels:
    @pytest.fixture(autouse=True)
    def vip(self, nadia):
        label = labels.add_label(name="VIP Größe", colour="violet", by=make_person("lead"), now=NOW)
        player_labels.put_label(player=nadia, label_key=label.pk, by=make_person("agent"), now=NOW)
        return label

    @pytest.mark.parametrize("q", ["vip", "VIP", "größe vip", "GRÖßE", "größ"])
    def test_find_who_carries_them(self, q):
        assert found(q, sees_contact=False) == [VISITOR]

    @pytest.mark.parametrize("q", ["vip nadia", "vips"])
    def test_stand_in_one_name_all_words(self, q):
        assert found(q) == []

    def test_find_nobody_once_the_label_is_gone(self):
        Label.objects.all().delete()
        assert found("vip") == []


class TestQueries:
    def test_are_few_whatever_is_found(self, note, django_assert_max_num_queries):
        with django_assert_max_num_queries(5):  # notes, labels, links, and two of the list
            assert found("refunded")

    def test_use_the_index(self, note):
        """With a table of this size a planner that cannot use one would still read it all."""
        words = index.SearchWords(model=PlayerNote, sees_contact=True)
        notes = PlayerNote.objects.filter(words.match_words(["refunded"])).order_by()
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'linking_playernote_%%'", [])
                if not cursor.fetchone()[0]:
                    pytest.skip("no pg_trgm here")
        plan = notes.explain()
        assert "linking_playernote_plain" in plan or "VIRTUAL TABLE INDEX" in plan


@on_sqlite
class TestUpkeep:
    def test_heals_what_a_migration_took_away(self, note):
        note_upkeep.remove(connection)
        PlayerNote.objects.update(plain=" renamed ", contact="")
        note_upkeep.install(connection)
        assert (found("refunded"), found("renamed")) == ([], [VISITOR])

    def test_leaves_what_is_there(self, note, django_assert_max_num_queries):
        with django_assert_max_num_queries(2):
            note_upkeep.install(connection)

    def test_without_an_index_finds_the_same(self, note, monkeypatch):
        monkeypatch.setattr(index, "_has_full_text", lambda: False)
        assert found("refunded") == [VISITOR]


class TestErasing:
    def test_a_player_leaves_nothing_behind(self, note, nadia):
        label = labels.add_label(name="VIP", colour="violet", by=note.author, now=NOW)
        player_labels.put_label(player=nadia, label_key=label.pk, by=note.author, now=NOW)
        LoginUser.objects.all().delete()
        assert not PlayerNote.objects.exists()
        assert not PlayerLabel.objects.exists()
