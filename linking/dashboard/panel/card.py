"""The card: what a member of `agents` may see of one person, as JSON for the panel; e-mail and phone are masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from linking.core.trust import Trust
from linking.dashboard.panel.person import FoundPerson
from linking.dashboard.records.why import explain_no_link, explain_trust, explain_user_trust
from linking.dashboard.shell.links_out import build_publisher_address
from linking.dashboard.shell.parts import PAGE_OPEN, Badge, choose_states
from linking.dashboard.shell.rows import (
    Reader,
    build_user_url,
    build_visitor_url,
    choose_user_state,
    is_page_open,
)
from linking.dashboard.shell.sources import find_words, name_source
from linking.models import Conflict, ConflictState, LoginUser, PlayerNote, Visitor, VisitorLink, VisitorState
from linking.notes import player_labels, player_notes
from linking.search import find, history
from linking.sync import parted_links

OTHERS_SHOWN = 5
CONFLICTS_SHOWN = 3
NOTES_SHOWN = 3
# The panel is shown to whoever works in Zendesk, so nobody sees more here than an agent.
READER = Reader(sees_contact=False)
# A person's word of trust, where visitors of several integrations have their own.
_TRUST_ORDER = (Trust.DISPUTED, Trust.PROVEN, Trust.CLAIMED, Trust.NONE)
_UNCONFIRMED = gettext_noop(
    "Not proven: zdbridge has not confirmed that this person in Zendesk is this player. Ask before you share account "
    "details."
)
_OUTDATED = gettext_noop(
    "Not proven: Zendesk names another player than at the last sync. Ask before you share account details."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustVerdict:
    """How far to trust that the person is the player, and why in one sentence."""

    trust: Trust
    why: str
    states: tuple[Badge, ...]


def build_card(found: FoundPerson, *, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return the card of a person of whom a user or a visitor is known, in a fixed number of queries."""
    user, visitor = found.user, found.visitor
    players = find.list_namesakes(user) if user else []
    links = [link for link in history.list_links(players) if link.ended_at is None] if players else []
    others = [link for link in links if visitor is None or link.visitor_id != visitor.pk]
    conflicts = _list_open_conflicts(players, visitor=visitor)
    verdict = _judge(found, players=players, conflicts=conflicts)
    last_at = max((player.last_authenticated_at for player in players if player.last_authenticated_at), default=None)
    states = (*verdict.states, PAGE_OPEN) if is_page_open(last_authenticated_at=last_at, now=now) else verdict.states
    return {
        "user_id": READER.mask_id(user.user_id) if user else None,
        **_build_contact(user, visitor=visitor),
        "trust": verdict.trust.value,
        "why": verdict.why,
        "states": [_build_state(state) for state in states],
        "ban": _describe_ban(visitor),
        "visitor_id": visitor.visitor_id if visitor else None,
        "other_visitors": [_build_other(link, request=request) for link in others[:OTHERS_SHOWN]],
        "other_visitors_left_out": len(others) - len(others[:OTHERS_SHOWN]),
        "tokens_issued": sum(player.tokens_issued for player in players),
        "last_token_at": last_at.isoformat() if last_at else None,
        "open_conflicts": [_build_conflict(conflict, request=request) for conflict in conflicts[:CONFLICTS_SHOWN]],
        "open_conflicts_left_out": len(conflicts) - len(conflicts[:CONFLICTS_SHOWN]),
        "publisher_account_url": _build_publisher_url(user) if user else "",
        "record_url": request.build_absolute_uri(_build_record_path(user, visitor=visitor)),
        **_build_notes(players),
        "answered_at": now.isoformat(),
    }


def _judge(found: FoundPerson, *, players: Sequence[LoginUser], conflicts: Sequence[Conflict]) -> TrustVerdict:
    visitor, link = found.visitor, found.link
    if link is not None and visitor is not None:
        states = choose_states(trust=link.trust, state=visitor.state, has_open_conflict=bool(conflicts))
        return TrustVerdict(trust=link.trust, why=explain_trust(link.trust), states=states)
    if players:
        foremost = min(players, key=lambda player: _TRUST_ORDER.index(player.trust))
        if foremost.trust == Trust.DISPUTED or not found.is_about_visitor:
            state = choose_user_state(foremost)
            return TrustVerdict(trust=foremost.trust, why=explain_user_trust(user=foremost), states=(state,))
        # Another visitor of the player may be proven. About this one, only Zendesk's record speaks.
        why = _OUTDATED if found.is_outdated else _UNCONFIRMED
        states = choose_states(trust=Trust.CLAIMED, state=VisitorState.LINKED, has_open_conflict=False)
        return TrustVerdict(trust=Trust.CLAIMED, why=_(why), states=states)
    return _judge_visitor(found, has_open_conflict=bool(conflicts))


def _judge_visitor(found: FoundPerson, *, has_open_conflict: bool) -> TrustVerdict:
    """Return the verdict about a visitor who is no player as far as is known."""
    visitor = found.visitor
    if visitor is None:
        raise ValueError("A card is about a user or a visitor.")
    if found.is_outdated:
        states = choose_states(trust=Trust.NONE, state=VisitorState.PENDING, has_open_conflict=has_open_conflict)
        return TrustVerdict(trust=Trust.NONE, why=_(_OUTDATED), states=states)
    parted = parted_links.find_parted_user_ids(visitor_keys=[visitor.pk]).get(visitor.pk, ())
    why = explain_no_link(
        visitor=visitor,
        external_id=READER.mask_id(visitor.external_id),
        is_parted=bool(visitor.external_id) and visitor.external_id in parted,
    )
    states = choose_states(trust=Trust.NONE, state=visitor.state, has_open_conflict=has_open_conflict)
    return TrustVerdict(trust=Trust.NONE, why=why.sentence, states=states)


def _list_open_conflicts(players: Sequence[LoginUser], *, visitor: Visitor | None) -> list[Conflict]:
    """Return the open conflicts of a person, the newest first, each once."""
    found = [
        *(history.list_conflicts(players) if players else []),
        *(history.list_conflicts(visitor) if visitor else []),
    ]
    open_ones = {conflict.pk: conflict for conflict in found if conflict.state == ConflictState.OPEN}
    return sorted(open_ones.values(), key=lambda conflict: conflict.last_seen_at, reverse=True)


def _build_contact(user: LoginUser | None, *, visitor: Visitor | None) -> dict[str, str]:
    name, email = (user.name, user.email) if user else ("", "")
    return {
        "name": READER.mask_words(name or (visitor.name if visitor else "")),
        "email": READER.mask_email(email or (visitor.email if visitor else "")),
        "phone": READER.mask_phone(visitor.phone if visitor else ""),
    }


def _build_other(link: VisitorLink, *, request: HttpRequest) -> dict[str, Any]:
    visitor = link.visitor
    path = build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug)
    states = choose_states(trust=link.trust, state=visitor.state, has_open_conflict=False)
    return {
        "visitor_id": visitor.visitor_id,
        "name": READER.mask_words(visitor.name),
        "source": str(name_source(visitor.integration.zendesk_product)),
        "trust": link.trust.value,
        "states": [_build_state(state) for state in states],
        "is_banned": visitor.is_banned,
        "last_seen_at": visitor.last_seen_at.isoformat(),
        "url": request.build_absolute_uri(path),
    }


def _build_conflict(conflict: Conflict, *, request: HttpRequest) -> dict[str, Any]:
    slug = conflict.integration.slug
    return {
        "sentence": str(find_words(conflict.integration.zendesk_product).conflicts[conflict.kind]),
        "kind": conflict.kind,
        "since_at": conflict.first_seen_at.isoformat(),
        # Agents may not open a conflict's own page. The record shows it.
        "url": request.build_absolute_uri(build_visitor_url(visitor_id=conflict.visitor.visitor_id, integration=slug)),
    }


def _build_notes(players: Sequence[LoginUser]) -> dict[str, Any]:
    """Return the newest notes on the player and its labels, both to be read only."""
    if not players:
        return {"notes": [], "notes_left_out": 0, "labels": []}
    notes = player_notes.list_notes(players=players, limit=NOTES_SHOWN)
    found = player_labels.find_labels(player_keys=[player.pk for player in players])
    labels = {label.pk: label for carried in found.values() for label in carried}
    return {
        "notes": [_build_note(note) for note in notes.rows],
        "notes_left_out": notes.total - len(notes.rows),
        "labels": [{"name": label.name, "colour": label.colour} for label in labels.values()],
    }


def _build_note(note: PlayerNote) -> dict[str, str]:
    return {
        "text": READER.mask_block(note.text),
        "author": note.author_name,
        "written_at": note.written_at.isoformat(),
    }


def _build_state(state: Badge) -> dict[str, str]:
    return {"word": str(state.word), "icon": state.icon, "tone": state.tone}


def _build_publisher_url(user: LoginUser) -> str:
    # The address would show an ID that is masked.
    if READER.mask_id(user.user_id) != user.user_id:
        return ""
    integration = user.integration
    return build_publisher_address(
        template=integration.publisher_account_url_template,
        merchant_id=integration.merchant_id,
        project_id=integration.publisher_project_id,
        login_project_id=integration.login_project_id,
        user_id=user.user_id,
    )


def _build_record_path(user: LoginUser | None, *, visitor: Visitor | None) -> str:
    if user is not None:
        return build_user_url(user_id=READER.find_user_key(user), integration=user.integration.slug)
    if visitor is None:
        raise ValueError("A card is about a user or a visitor.")
    return build_visitor_url(visitor_id=visitor.visitor_id, integration=visitor.integration.slug)


def _describe_ban(visitor: Visitor | None) -> str:
    if visitor is None or not visitor.is_banned:
        return ""
    return str(find_words(visitor.integration.zendesk_product).ban_sentence)
