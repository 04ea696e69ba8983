from datetime import timedelta

import pytest

from linking.models import AuditEvent, PlayerNote
from linking.notes import player_notes
from tests.factories import NOW, make_integration, make_login_user
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def nadia():
    return make_login_user(integration=make_integration(), name="Nadia")


@pytest.fixture
def author():
    return make_person("agent")


@pytest.fixture
def note(nadia, author):
    return player_notes.write_note(player=nadia, text="Refunded\non Monday", by=author, now=NOW)


def audited():
    return list(AuditEvent.objects.order_by("pk").values_list("action", "actor", "target", "fields"))


class TestWriteNote:
    def test_keeps_text_author_and_time(self, note, nadia, author):
        kept = PlayerNote.objects.get()
        assert (kept.text, kept.author, kept.author_name) == ("Refunded\non Monday", author, "agent")
        assert (kept.login_user, kept.written_at, kept.edited_at) == (nadia, NOW, None)

    def test_drops_what_turns_or_hides_text(self, nadia, author):
        note = player_notes.write_note(player=nadia, text="a\u202eb\x00c\u200b", by=author, now=NOW)
        assert note.text == "abc"

    @pytest.mark.parametrize("text", ["", " \n\t ", "\u200b", "x" * 2001])
    def test_refuses_no_text_and_too_much(self, nadia, author, text):
        with pytest.raises(player_notes.BadText):
            player_notes.write_note(player=nadia, text=text, by=author, now=NOW)

    def test_takes_2000_characters(self, nadia, author):
        assert len(player_notes.write_note(player=nadia, text="x" * 2000, by=author, now=NOW).text) == 2000

    def test_refuses_more_than_anybody_reads(self, nadia, author, monkeypatch):
        monkeypatch.setattr(player_notes, "NOTES_MAX", 1)
        player_notes.write_note(player=nadia, text="one", by=author, now=NOW)
        with pytest.raises(player_notes.TooManyNotes):
            player_notes.write_note(player=nadia, text="two", by=author, now=NOW)

    def test_is_audited_without_the_text(self, note, nadia):
        assert audited() == [("note.written", "agent", f"acme ~{nadia.pk}", [])]


class TestEditNote:
    def test_replaces_the_text_and_notes_when(self, note, author):
        player_notes.edit_note(note=note, text="Not refunded", seen=0, by=author, now=LATER)
        kept = PlayerNote.objects.get()
        assert (kept.text, kept.edited_at, kept.written_at) == ("Not refunded", LATER, NOW)
        assert audited()[-1][0] == "note.edited"

    def test_is_the_authors_alone(self, note):
        with pytest.raises(player_notes.NotAllowed):
            player_notes.edit_note(note=note, text="Mine now", seen=0, by=make_person("admin"), now=LATER)

    def test_notices_an_edit_in_between_and_changes_nothing(self, note, author):
        player_notes.edit_note(note=note, text="First", seen=0, by=author, now=LATER)
        with pytest.raises(player_notes.NoteChanged) as caught:
            player_notes.edit_note(note=note, text="Second", seen=0, by=author, now=LATER)
        assert caught.value.note.text == PlayerNote.objects.get().text == "First"

    def test_notices_that_the_note_is_gone(self, note, author):
        PlayerNote.objects.all().delete()
        with pytest.raises(player_notes.NoteGone):
            player_notes.edit_note(note=note, text="Second", seen=0, by=author, now=LATER)


class TestRemoveNote:
    @pytest.mark.parametrize("name", ["agent", "admin"])
    def test_is_for_the_author_and_for_admins(self, note, author, name):
        by = author if name == "agent" else make_person(name)
        player_notes.remove_note(note=note, by=by, now=LATER)
        assert not PlayerNote.objects.exists()
        assert audited()[-1][:2] == ("note.removed", name)

    def test_is_not_for_a_lead(self, note):
        with pytest.raises(player_notes.NotAllowed):
            player_notes.remove_note(note=note, by=make_person("lead"), now=LATER)

    def test_of_one_that_is_gone_says_so(self, note, author):
        PlayerNote.objects.all().delete()
        with pytest.raises(player_notes.NoteGone):
            player_notes.remove_note(note=note, by=author, now=LATER)


class TestNotes:
    def test_outlive_their_authors_account(self, note, author):
        author.delete()
        kept = PlayerNote.objects.get()
        assert (kept.author, kept.author_name) == (None, "agent")

    def test_without_an_account_are_nobodys_to_edit(self, note, author):
        author.delete()
        kept = PlayerNote.objects.get()
        assert not player_notes.may_edit(kept, person=make_person("lead"))

    def test_go_with_the_player(self, note, nadia):
        nadia.delete()
        assert not PlayerNote.objects.exists()


class TestListNotes:
    def test_gives_the_newest_first_and_counts_the_rest(self, nadia, author):
        for text in ("one", "two", "three"):
            player_notes.write_note(player=nadia, text=text, by=author, now=NOW)
        found = player_notes.list_notes(players=[nadia], limit=2)
        assert ([note.text for note in found.rows], found.total) == (["three", "two"], 3)

    def test_reads_those_of_every_player_of_the_person(self, note, nadia, author):
        elsewhere = make_login_user(integration=make_integration(slug="west", secrets={}), name="Nadia")
        player_notes.write_note(player=elsewhere, text="Seen here too", by=author, now=NOW)
        found = player_notes.list_notes(players=[nadia, elsewhere], limit=9)
        assert [row.login_user.integration.slug for row in found.rows] == ["west", "acme"]

    def test_costs_one_query_where_all_fit(self, note, nadia, django_assert_num_queries):
        with django_assert_num_queries(1):
            player_notes.list_notes(players=[nadia], limit=5)
