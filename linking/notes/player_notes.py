"""Notes on players: written by anybody of support, edited by their authors, removed by those and by admins.

The audit keeps who wrote, edited and removed a note, and about whom, but never its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from linking.accounts import roles
from linking.core.text import clean_block
from linking.models import NOTE_MAX_CHARACTERS, AuditEvent, LoginUser, PlayerNote
from linking.notes.search_words import build_words
from linking.search import find

# More than anybody reads about one player.
NOTES_MAX = 200


class BadText(ValueError):
    """The text is empty or too long for a note."""


class TooManyNotes(Exception):
    """The player has `NOTES_MAX` notes already."""


class NoteGone(Exception):
    """The note was removed after the page was loaded."""


class NoteChanged(Exception):
    """The note was edited after the page was loaded, so this edit was not saved; `note` is how it is now."""

    def __init__(self, note: PlayerNote) -> None:
        super().__init__()
        self.note = note


class NotAllowed(Exception):
    """The note is another person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """The newest notes on a person, each with its `login_user` and that one's `integration`; `total` are all."""

    rows: tuple[PlayerNote, ...]
    total: int


def list_notes(*, players: Sequence[LoginUser], limit: int) -> Notes:
    """Return the newest `limit` notes on `players`, who are one person in several integrations."""
    notes = PlayerNote.objects.filter(login_user__in=players).order_by("-pk")
    rows = tuple(notes.select_related("login_user__integration")[: limit + 1])
    return Notes(rows=rows[:limit], total=notes.count() if len(rows) > limit else len(rows))


def find_player(*, key: int) -> LoginUser | None:
    """Return the player with this key, with its integration, or None."""
    return LoginUser.objects.select_related("integration").filter(pk=key).first()


def find_note(*, key: int) -> PlayerNote | None:
    """Return the note with this key, with its player and integration, or None."""
    return PlayerNote.objects.select_related("login_user__integration").filter(pk=key).first()


def may_edit(note: PlayerNote, *, person: Any) -> bool:
    """Return whether `person` wrote the note."""
    return note.author_id is not None and note.author_id == person.pk


def may_remove(note: PlayerNote, *, person: Any) -> bool:
    """Return whether `person` may remove the note."""
    return may_edit(note, person=person) or roles.is_admin(person)


@transaction.atomic
def write_note(*, player: LoginUser, text: str, by: AbstractBaseUser, now: datetime) -> PlayerNote:
    """Write a note on `player`, whose integration is loaded. Raises: BadText, TooManyNotes."""
    cleaned = read_text(text)
    if PlayerNote.objects.filter(login_user=player).count() >= NOTES_MAX:
        raise TooManyNotes
    words = build_words(cleaned)
    note = PlayerNote.objects.create(
        login_user=player,
        author=by,  # type: ignore[misc]
        author_name=by.get_username(),
        text=cleaned,
        written_at=now,
        plain=words.plain,
        contact=words.contact,
    )
    _record("note.written", player=player, by=by, now=now)
    return note


@transaction.atomic
def edit_note(*, note: PlayerNote, text: str, seen: int, by: AbstractBaseUser, now: datetime) -> None:
    """Replace the text of a note.

    Args:
        seen: the `revision` that the page showed.

    Raises: BadText, NotAllowed, NoteGone, NoteChanged.
    """
    if not may_edit(note, person=by):
        raise NotAllowed
    cleaned = read_text(text)
    words = build_words(cleaned)
    changed = PlayerNote.objects.filter(pk=note.pk, revision=seen).update(
        text=cleaned, edited_at=now, revision=seen + 1, plain=words.plain, contact=words.contact
    )
    if not changed:
        current = find_note(key=note.pk)
        raise NoteChanged(current) if current else NoteGone
    _record("note.edited", player=note.login_user, by=by, now=now)


@transaction.atomic
def remove_note(*, note: PlayerNote, by: AbstractBaseUser, now: datetime) -> None:
    """Remove a note. Raises: NotAllowed, NoteGone."""
    if not may_remove(note, person=by):
        raise NotAllowed
    deleted, _by_table = PlayerNote.objects.filter(pk=note.pk).delete()
    if not deleted:
        raise NoteGone
    _record("note.removed", player=note.login_user, by=by, now=now)


def read_text(text: str) -> str:
    """Return a note's text, cleaned, its lines kept. Raises: BadText."""
    # One sign more, to tell a text that fits from one that is clipped.
    cleaned = clean_block(text, max_characters=NOTE_MAX_CHARACTERS + 1)
    if not cleaned or len(cleaned) > NOTE_MAX_CHARACTERS:
        raise BadText
    return cleaned


def _record(action: str, *, player: LoginUser, by: AbstractBaseUser, now: datetime) -> None:
    # The player is named by a stand-in, which opens its page and says nothing once the person is erased.
    target = f"{player.integration.slug} {find.make_stand_in(player)}"
    AuditEvent.objects.create(
        at=now,
        actor=by.get_username(),
        actor_user=by,  # type: ignore[misc]
        action=action,
        target=target,
        fields=[],
    )
