"""Deciding conflicts: what a lead can decide, what that changes, and how a decision is made, undone or changed.

A lead can also part a visitor from a user where there is no conflict; that creates a conflict and decides it at once.
Nothing is merged and nothing is overwritten: each decision is a row. Only `unlink` changes a link: it ends the open one
between the visitor and the user, and while it is in force the sync does not link the two again, whatever Zendesk's
record says. Undoing it reopens the link where Zendesk's record still carries the user's ID.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import transaction

from linking.models import (
    AuditEvent,
    Conflict,
    ConflictDecision,
    ConflictKind,
    ConflictState,
    Decision,
    EndReason,
    LoginUser,
    Visitor,
    VisitorLink,
    VisitorState,
)
from linking.sync import lookups

USERS_MAX = 10
LINKS_MAX = 100  # a shared device can have a thousand links
_ALL = (Decision.KEEP, Decision.SHARED_DEVICE, Decision.UNLINK, Decision.IGNORE)
_OFFERED: Mapping[str, tuple[Decision, ...]] = MappingProxyType(
    {
        ConflictKind.RELINKED: _ALL,
        ConflictKind.SHARED_DEVICE: _ALL,
        ConflictKind.EMAIL_OF_ANOTHER_USER: _ALL,
        ConflictKind.ID_VARIANT: (Decision.KEEP, Decision.UNLINK, Decision.IGNORE),
        # An invalid user ID made no link, so there is none to keep or to end.
        ConflictKind.JUNK_EXTERNAL_ID: (Decision.IGNORE,),
        ConflictKind.WRONG_LINK: (Decision.KEEP, Decision.UNLINK),
    }
)


class NotOffered(ValueError):
    """The choice is not available for this conflict; the message says why."""


class AlreadyDecided(Exception):
    """Another person decided after the page was loaded, so nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a decision changes: the link that ends, the link that reopens, and the user whom the sync may (not) link."""

    ends: VisitorLink | None = None
    reopens: VisitorLink | None = None
    blocks_link_to: LoginUser | None = None
    unblocks_link_to: LoginUser | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What effects rest on: the visitor's open link, and the link that undoing the decision in force would reopen."""

    open_link: VisitorLink | None
    reopens: VisitorLink | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictChoice:
    """One available decision; `login_user` is the user that an `unlink` is about, None for the others."""

    verdict: Decision
    effect: Effect
    login_user: LoginUser | None = None


def find_decision(*, conflict: Conflict) -> ConflictDecision | None:
    """Return the decision in force with its user and link, or None."""
    decisions = ConflictDecision.objects.filter(conflict=conflict, is_in_force=True)
    return decisions.select_related("login_user", "ended_link__login_user").first()


def find_users(*, conflict: Conflict) -> tuple[LoginUser, ...]:
    """Return the users of a conflict, the current user first; for a shared device every user it was linked to.

    At most `USERS_MAX`, the newest links first.
    """
    sides = [user for user in (conflict.login_user, conflict.other_user) if user is not None]
    if conflict.kind == ConflictKind.SHARED_DEVICE:
        links = VisitorLink.objects.filter(visitor=conflict.visitor).select_related("login_user").order_by("-pk")
        sides += [link.login_user for link in links[:LINKS_MAX]]
    return tuple({user.pk: user for user in sides}.values())[:USERS_MAX]


def is_offered(*, kind: str, verdict: str) -> bool:
    """Return whether conflicts of a kind can be decided so."""
    return verdict in _OFFERED[kind]


def list_choices(*, conflict: Conflict) -> tuple[ConflictChoice, ...]:
    """Return the available decisions with what each would change, without the one in force.

    `conflict` has its visitor and users loaded.
    """
    decision = find_decision(conflict=conflict)
    facts = _find_facts(conflict=conflict, undone=decision)
    choices = []
    for verdict in _OFFERED[conflict.kind]:
        users = _linkable(conflict) if verdict == Decision.UNLINK else (None,)
        for user in users:
            if decision and decision.verdict == verdict and decision.login_user == user:
                continue
            effect = _effect(facts, undone=decision, user=user)
            choices.append(ConflictChoice(verdict=verdict, effect=effect, login_user=user))
    return tuple(choices)


def preview_undo(*, conflict: Conflict) -> Effect | None:
    """Return what undoing the decision in force changes, None without one."""
    decision = find_decision(conflict=conflict)
    if decision is None:
        return None
    return _effect(_find_facts(conflict=conflict, undone=decision), undone=decision, user=None)


@transaction.atomic
def decide(
    *, conflict_id: int, verdict: str, login_user_id: int | None, seen: int, by: Any, now: datetime
) -> ConflictDecision:
    """Decide a conflict, or change its decision, and return the new row.

    Args:
        login_user_id: the key of the user meant by an `unlink`.
        seen: the key of the newest decision that the page showed, 0 for none.

    Raises: Conflict.DoesNotExist, NotOffered, AlreadyDecided.
    """
    conflict = _lock_conflict(conflict_id=conflict_id, seen=seen)
    choice = next(
        (choice for choice in list_choices(conflict=conflict) if _is_meant(choice, verdict, login_user_id)), None
    )
    if choice is None:
        raise NotOffered("This choice is not available for the conflict, or it is in force already.")
    _apply(conflict=conflict, effect=choice.effect, now=now)
    decision = _record(
        conflict=conflict, verdict=choice.verdict, user=choice.login_user, ended=choice.effect.ends, by=by, now=now
    )
    conflict.state, conflict.decision = ConflictState.DECIDED, choice.verdict
    conflict.decided_by, conflict.decided_at = by, now
    conflict.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    return decision


@transaction.atomic
def part(*, link_id: int, by: Any, now: datetime) -> Conflict:
    """Part a visitor from a user without a conflict, and return the conflict that holds the decision.

    It creates a conflict with the decision `unlink`: the link ends, the sync does not link the two again, and the
    conflict's page can undo it.

    Args:
        link_id: the key of the open link that the page showed.

    Raises: VisitorLink.DoesNotExist, AlreadyDecided when the link has ended since.
    """
    link = VisitorLink.objects.select_related("visitor", "login_user").get(pk=link_id)
    _lock_visitor(visitor_id=link.visitor_id)
    conflict, _is_new = Conflict.objects.get_or_create(
        visitor=link.visitor,
        kind=ConflictKind.WRONG_LINK,
        subject=link.login_user.user_id,
        defaults={
            "integration_id": link.visitor.integration_id,
            "login_user": link.login_user,
            "first_seen_at": now,
            "last_seen_at": now,
        },
    )
    if not VisitorLink.objects.open().filter(pk=link_id).exists() or find_decision(conflict=conflict):
        raise AlreadyDecided("The link has ended since.")
    decide(
        conflict_id=conflict.pk,
        verdict=Decision.UNLINK,
        login_user_id=link.login_user_id,
        seen=_find_newest_key(conflict_id=conflict.pk),
        by=by,
        now=now,
    )
    return conflict


def preview_part(*, link: VisitorLink) -> Effect:
    """Return what `part` changes for an open link."""
    return Effect(ends=link, blocks_link_to=link.login_user)


@transaction.atomic
def undo(*, conflict_id: int, seen: int, by: Any, now: datetime) -> ConflictDecision:
    """Undo the decision in force, which reopens the conflict, and return the new row.

    Raises: Conflict.DoesNotExist, NotOffered without a decision in force, AlreadyDecided.
    """
    conflict = _lock_conflict(conflict_id=conflict_id, seen=seen)
    effect = preview_undo(conflict=conflict)
    if effect is None:
        raise NotOffered("There is no decision to undo.")
    _apply(conflict=conflict, effect=effect, now=now)
    decision = _record(
        conflict=conflict, verdict=Decision.UNDO, user=effect.unblocks_link_to, ended=None, by=by, now=now
    )
    if conflict.kind == ConflictKind.WRONG_LINK:
        # Only the person who undoes it reported a wrong link, so there is nothing left to decide.
        conflict.state, conflict.decision = ConflictState.DECIDED, Decision.UNDO
        conflict.decided_by, conflict.decided_at = by, now
    else:
        conflict.state, conflict.decision = ConflictState.OPEN, ""
        conflict.decided_by, conflict.decided_at = None, None
    conflict.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    return decision


def _is_meant(choice: ConflictChoice, verdict: str, login_user_id: int | None) -> bool:
    user_id = choice.login_user.pk if choice.login_user else None
    return choice.verdict == verdict and user_id == login_user_id


def _linkable(conflict: Conflict) -> tuple[LoginUser, ...]:
    if conflict.kind == ConflictKind.EMAIL_OF_ANOTHER_USER:
        # The address does not link its owner, so only the linked user can be parted from the visitor.
        return () if conflict.login_user is None else (conflict.login_user,)
    return find_users(conflict=conflict)


def _lock_conflict(*, conflict_id: int, seen: int) -> Conflict:
    owner = Conflict.objects.values_list("visitor_id", flat=True).get(pk=conflict_id)
    _lock_visitor(visitor_id=owner)
    Conflict.objects.select_for_update().filter(pk=conflict_id).first()
    conflict = Conflict.objects.select_related("visitor", "login_user", "other_user").get(pk=conflict_id)
    if conflict.visitor_id != owner or _find_newest_key(conflict_id=conflict_id) != seen:
        raise AlreadyDecided("Another person decided this conflict.")
    return conflict


def _lock_visitor(*, visitor_id: int) -> None:
    # The visitor first, as the sync does, so that the two cannot deadlock.
    Visitor.objects.select_for_update().filter(pk=visitor_id).first()


def _find_newest_key(*, conflict_id: int) -> int:
    decisions = ConflictDecision.objects.filter(conflict=conflict_id).order_by("-pk")
    return decisions.values_list("pk", flat=True).first() or 0


def _find_facts(*, conflict: Conflict, undone: ConflictDecision | None) -> _Facts:
    open_link = VisitorLink.objects.open().filter(visitor=conflict.visitor).select_related("login_user").first()
    blocked_user = _find_blocked_user(undone)
    if undone is None or blocked_user is None:
        return _Facts(open_link=open_link, reopens=None)
    is_free = open_link is None and not _is_blocked_elsewhere(conflict=conflict, user=blocked_user)
    reopens = undone.ended_link if is_free and _has_external_id_of(conflict.visitor, user=blocked_user) else None
    return _Facts(open_link=open_link, reopens=reopens)


def _effect(facts: _Facts, *, undone: ConflictDecision | None, user: LoginUser | None) -> Effect:
    link = facts.open_link
    ends = link if link and user and link.login_user_id == user.pk else None
    return Effect(ends=ends, blocks_link_to=user, unblocks_link_to=_find_blocked_user(undone), reopens=facts.reopens)


def _find_blocked_user(decision: ConflictDecision | None) -> LoginUser | None:
    return decision.login_user if decision and decision.verdict == Decision.UNLINK else None


def _has_external_id_of(visitor: Visitor, *, user: LoginUser) -> bool:
    return visitor.state == VisitorState.ANONYMOUS and visitor.external_id == user.user_id


def _is_blocked_elsewhere(*, conflict: Conflict, user: LoginUser) -> bool:
    others = ConflictDecision.objects.filter(is_in_force=True, verdict=Decision.UNLINK, login_user=user)
    return others.filter(conflict__visitor=conflict.visitor).exclude(conflict=conflict).exists()


def _apply(*, conflict: Conflict, effect: Effect, now: datetime) -> None:
    ConflictDecision.objects.filter(conflict=conflict, is_in_force=True).update(is_in_force=False)
    visitors = Visitor.objects.filter(pk=conflict.visitor_id)
    if effect.ends:
        link = effect.ends
        VisitorLink.objects.filter(pk=link.pk, ended_at__isnull=True).update(
            ended_at=max(now, link.first_seen_at), end_reason=EndReason.UNLINKED
        )
        visitors.filter(state=VisitorState.LINKED).update(state=VisitorState.ANONYMOUS)
    if effect.reopens:
        VisitorLink.objects.filter(pk=effect.reopens.pk).update(ended_at=None, end_reason="")
        visitors.update(state=VisitorState.LINKED)
    if effect.unblocks_link_to:
        # The sync ignored what Zendesk said in between, so Zendesk is asked again and the answer decides.
        lookups.queue_first(visitors=visitors.exclude(state=VisitorState.GONE), now=now)


def _record(
    *, conflict: Conflict, verdict: Decision, user: LoginUser | None, ended: VisitorLink | None, by: Any, now: datetime
) -> ConflictDecision:
    action = "undo_conflict" if verdict == Decision.UNDO else "decide_conflict"
    name = by.get_username()
    AuditEvent.objects.create(
        at=now, actor=name, actor_user=by, action=action, target=f"conflict {conflict.pk}", fields=[str(verdict)]
    )
    return ConflictDecision.objects.create(
        conflict=conflict,
        verdict=verdict,
        is_in_force=verdict != Decision.UNDO,
        login_user=user,
        ended_link=ended,
        by=by,
        by_name=name,
        at=now,
    )
