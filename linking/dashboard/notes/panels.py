"""What the pages of a player and of a visitor show of notes and labels, as plain rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from linking.accounts import roles
from linking.dashboard.notes.chips import LabelChip, build_chip
from linking.dashboard.shell.rows import Reader, find_reader
from linking.models import NOTE_MAX_CHARACTERS, LoginUser, PlayerNote
from linking.notes import player_labels, player_notes

SHOWN = 5
# The parameter of a record's address that asks for all notes.
PARAMETER = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person typed, and why it was not saved; `note` is the key of the note it edits, 0 for a new one."""

    text: str
    alert: str
    note: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    """A note as a page shows it; `draft` is what is in the box of an edit, `alert` why it is not saved yet.

    `integration` is named where the person is a player in several.
    """

    key: int
    author: str
    text: str
    written_at: datetime
    edited_at: datetime | None
    revision: int
    integration: str
    may_edit: bool
    may_remove: bool
    draft: str
    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesPanel:
    """The notes on a person; `player` is the key of the player that a new note goes to.

    `back` is the address of the page that shows them, `all_url` that of all notes, "" where all are shown.
    """

    player: int
    person: int
    back: str
    rows: tuple[NoteRow, ...]
    total: int
    all_url: str
    draft: str
    alert: str
    text_max: int = NOTE_MAX_CHARACTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsPanel:
    """The labels of a person (`chips`) and all that can be put on it (`offered`).

    `is_open` is whether the choice stays open, as after one was put.
    """

    player: int
    back: str
    chips: tuple[LabelChip, ...]
    offered: tuple[LabelChip, ...]
    may_keep_labels: bool
    is_open: bool


def build_record_notes(players: Sequence[LoginUser], *, request: HttpRequest, back: str) -> dict[str, Any]:
    """Return what a record's page shows of notes and labels of one person; no `players` where a visitor has none."""
    if not players:
        return {"no_notes": _("Notes and labels belong to a player. No player is linked to this visitor.")}
    shows_all = request.GET.get(PARAMETER) == "all"
    return {
        "player_notes": build_notes_panel(players=players, request=request, back=back, shows_all=shows_all),
        "player_labels": build_labels_panel(players=players, request=request, back=back),
    }


def build_notes_panel(
    *,
    players: Sequence[LoginUser],
    request: HttpRequest,
    back: str,
    shows_all: bool = False,
    draft: Draft | None = None,
) -> NotesPanel:
    """Return the notes on one person; a new one goes to the first of `players`."""
    reader = find_reader(request)
    limit = player_notes.NOTES_MAX * len(players) if shows_all else SHOWN
    notes = player_notes.list_notes(players=players, limit=limit)
    rows = tuple(
        _build_row(note, reader=reader, request=request, has_several=len(players) > 1, draft=draft)
        for note in notes.rows
    )
    sign = "&" if "?" in back else "?"
    is_new = draft is not None and not draft.note
    return NotesPanel(
        player=players[0].pk,
        person=request.user.pk or 0,
        back=back,
        rows=rows,
        total=notes.total,
        all_url=f"{back}{sign}{PARAMETER}=all#notes" if notes.total > len(rows) else "",
        draft=draft.text if draft and is_new else "",
        alert=draft.alert if draft and is_new else "",
    )


def build_labels_panel(
    *, players: Sequence[LoginUser], request: HttpRequest, back: str, is_open: bool = False
) -> LabelsPanel:
    """Return the labels of one person and those that can be put on it."""
    offered = tuple(build_chip(label, is_put=is_put) for label, is_put in player_labels.list_labels_of(players=players))
    return LabelsPanel(
        player=players[0].pk,
        back=back,
        chips=tuple(chip for chip in offered if chip.is_put),
        offered=offered,
        may_keep_labels=roles.can_keep_labels(request.user),
        is_open=is_open,
    )


def _build_row(
    note: PlayerNote, *, reader: Reader, request: HttpRequest, has_several: bool, draft: Draft | None
) -> NoteRow:
    may_edit = player_notes.may_edit(note, person=request.user)
    is_edited = draft is not None and draft.note == note.pk
    return NoteRow(
        key=note.pk,
        author=note.author_name,
        # Authors see what they typed; masked, an edit would overwrite it with dots.
        text=note.text if may_edit else reader.mask_block(note.text),
        written_at=note.written_at,
        edited_at=note.edited_at,
        revision=note.revision,
        integration=note.login_user.integration.name if has_several else "",
        may_edit=may_edit,
        may_remove=player_notes.may_remove(note, person=request.user),
        draft=draft.text if draft and is_edited else note.text if may_edit else "",
        alert=draft.alert if draft and is_edited else "",
    )
