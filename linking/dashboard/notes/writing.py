"""Writing, editing and removing notes, and putting labels on players.

With scripts the panel alone is exchanged, so that the drawer beside the list stays open; without, the record is shown
again. What was typed and could not be saved is always shown again.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from linking.accounts import roles
from linking.dashboard.accounts.theme import find_way_back
from linking.dashboard.notes.panels import Draft, build_labels_panel, build_notes_panel
from linking.dashboard.shell.access import page, require
from linking.dashboard.shell.numbers import parse_key
from linking.models import NOTE_MAX_CHARACTERS, Label, LoginUser, PlayerNote
from linking.notes import player_labels, player_notes
from linking.search import find

TEXT_MAX = 20 * NOTE_MAX_CHARACTERS


@page
@require_POST
def write_note(request: HttpRequest, player_key: int) -> HttpResponse:
    """Write a note on a player."""
    require(roles.can_write_notes(request.user))
    player = _get_player_or_404(player_key)
    text = _read_typed(request)
    try:
        player_notes.write_note(player=player, text=text, by=_get_person(request), now=timezone.now())
    except player_notes.BadText:
        return _render_panel(request, player=player, draft=Draft(text=text, alert=_explain_bad_text(text)))
    except player_notes.TooManyNotes:
        sentence = _("Not saved: this player already has %d notes. Remove one first.") % player_notes.NOTES_MAX
        return _render_panel(request, player=player, draft=Draft(text=text, alert=sentence))
    return _show_saved(request, player=player, sentence=_("Note saved."))


@page
@require_POST
def edit_note(request: HttpRequest, note_key: int) -> HttpResponse:
    """Replace the text of one's own note; refused where it was edited or removed after the page was loaded."""
    require(roles.can_write_notes(request.user))
    note, text = player_notes.find_note(key=note_key), _read_typed(request)
    if note is None:
        player = _get_player_or_404(parse_key(request.POST.get("player", "")))
        return _render_panel(request, player=player, draft=Draft(text=text, alert=_explain_gone()))
    seen = parse_key(request.POST.get("seen", ""))
    try:
        player_notes.edit_note(note=note, text=text, seen=seen, by=_get_person(request), now=timezone.now())
    except player_notes.NotAllowed:
        require(False)
    except player_notes.BadText:
        draft = Draft(text=text, alert=_explain_bad_text(text), note=note.pk)
        return _render_panel(request, player=note.login_user, draft=draft)
    except player_notes.NoteChanged:
        sentence = _("Not saved: this note was changed meanwhile. Compare it with your text, then save again.")
        return _render_panel(request, player=note.login_user, draft=Draft(text=text, alert=sentence, note=note.pk))
    except player_notes.NoteGone:
        return _render_panel(request, player=note.login_user, draft=Draft(text=text, alert=_explain_gone()))
    return _show_saved(request, player=note.login_user, sentence=_("Note saved."))


@page
@require_POST
def remove_note(request: HttpRequest, note_key: int) -> HttpResponse:
    """Remove a note; its author may, and admins."""
    require(roles.can_write_notes(request.user))
    note = player_notes.find_note(key=note_key)
    if note is None:
        player = _get_player_or_404(parse_key(request.POST.get("player", "")))
        return _show_saved(request, player=player, sentence=_("Note removed."))
    require(player_notes.may_remove(note, person=request.user))
    _remove(note, request=request)
    return _show_saved(request, player=note.login_user, sentence=_("Note removed."))


@page
@require_POST
def choose_label(request: HttpRequest, player_key: int) -> HttpResponse:
    """Put the label that `put` names on a player, or take the one that `take` names off."""
    require(roles.can_write_notes(request.user))
    player = _get_player_or_404(player_key)
    is_put = "put" in request.POST
    change = player_labels.put_label if is_put else player_labels.take_label
    key = parse_key(request.POST.get("put" if is_put else "take", ""))
    try:
        label = change(player=player, label_key=key, by=_get_person(request), now=timezone.now())
    except Label.DoesNotExist:
        sentence = _("This label no longer exists.")
    else:
        words = _("Label %s put on.") if is_put else _("Label %s taken off.")
        sentence = words % label.name
    back = find_way_back(request.POST.get("back", ""))
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, sentence)
        return redirect(back)
    panel = build_labels_panel(players=find.list_namesakes(player), request=request, back=back, is_open=True)
    answer = render(request, "dashboard/notes/_labels.html", {"player_labels": panel})
    return trigger_client_event(answer, "say", {"text": sentence})


def _remove(note: PlayerNote, *, request: HttpRequest) -> None:
    try:
        player_notes.remove_note(note=note, by=_get_person(request), now=timezone.now())
    except player_notes.NoteGone:
        return  # another person removed it in this moment, which is what was asked for


def _get_player_or_404(key: int) -> LoginUser:
    player = player_notes.find_player(key=key)
    if player is None:
        raise Http404(_("There is no such player."))
    return player


def _get_person(request: HttpRequest) -> Any:
    return request.user


def _read_typed(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\r\n", "\n")[:TEXT_MAX]


def _explain_bad_text(text: str) -> str:
    over = len(text) - NOTE_MAX_CHARACTERS
    if over <= 0:
        return _("Not saved: the note is empty.")
    return (
        ngettext(
            "Not saved: the note is %d character too long.", "Not saved: the note is %d characters too long.", over
        )
        % over
    )


def _explain_gone() -> str:
    return _("Not saved: this note was removed meanwhile. Your text is here; save it as a new note.")


def _show_saved(request: HttpRequest, *, player: LoginUser, sentence: str) -> HttpResponse:
    back = find_way_back(request.POST.get("back", ""))
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, sentence)
        return redirect(f"{back}#notes")
    return trigger_client_event(_render_panel(request, player=player, draft=None), "say", {"text": sentence})


def _render_panel(request: HttpRequest, *, player: LoginUser, draft: Draft | None) -> HttpResponse:
    """Show the notes, with what was typed: the panel alone with scripts, else a page of its own, with status 409."""
    is_part = request.htmx  # type: ignore[attr-defined]
    panel = build_notes_panel(
        players=find.list_namesakes(player),
        request=request,
        back=find_way_back(request.POST.get("back", "")),
        shows_all=not is_part or bool(request.POST.get("all")),
        draft=draft,
    )
    template = "dashboard/notes/_notes.html" if is_part else "dashboard/notes/not_saved.html"
    return render(request, template, {"player_notes": panel}, status=200 if is_part else 409)
