"""Deciding conflicts: what a lead may decide, what that would change, and doing, undoing or deciding it anew.

A lead may also part a visitor from a user where nothing disagrees; that raises a conflict and decides it at once.
Nothing is merged and nothing is overwritten: each deed is a row of its own. Only `unlink` touches a link: it ends the
open one between the visitor and the user, and while it is in force the sync opens none between the two, whatever
Zendesk goes on saying. Undoing it lets the link go on where Zendesk's record still carries the user's ID.
"""

from collections.abc import Iterable, Mapping
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
    EndReason,
    LoginUser,
    Verdict,
    Visitor,
    VisitorLink,
    VisitorState,
)
from linking.sync.facts import Rank
from linking.sync.plans import subject_of

USERS_MAX = 10
LINKS_MAX = 100  # a device may have gone from hand to hand a thousand times
_ALL = (Verdict.KEEP, Verdict.SHARED_DEVICE, Verdict.UNLINK, Verdict.IGNORE)
_OFFERED: Mapping[str, tuple[Verdict, ...]] = MappingProxyType(
    {
        ConflictKind.RELINKED: _ALL,
        ConflictKind.SHARED_DEVICE: _ALL,
        ConflictKind.EMAIL_OF_ANOTHER_USER: _ALL,
        ConflictKind.ID_VARIANT: (Verdict.KEEP, Verdict.UNLINK, Verdict.IGNORE),
        # A text that is no user ID made no link, so there is none to keep or to end.
        ConflictKind.JUNK_EXTERNAL_ID: (Verdict.IGNORE,),
        ConflictKind.WRONG_LINK: (Verdict.KEEP, Verdict.UNLINK),
    }
)


class NotOffered(ValueError):
    """This conflict cannot be decided so; the message says why."""


class DecidedMeanwhile(Exception):
    """Somebody decided since the page was read; what was to be done may no longer be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a deed changes: a link that ends, one that goes on, and a user who is kept apart, or no longer is."""

    ends: VisitorLink | None = None
    reopens: VisitorLink | None = None
    keeps_apart: LoginUser | None = None
    lets_together: LoginUser | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that can be decided; `login_user` says who is meant by an `unlink`."""

    verdict: Verdict
    effect: Effect
    login_user: LoginUser | None = None


def find_in_conflict(*, visitors: Iterable[Visitor]) -> frozenset[int]:
    """Return the keys of those of `visitors`, a page of them, with an open conflict; one query."""
    about = Conflict.objects.open().filter(visitor_id__in=[one.pk for one in visitors]).order_by()
    return frozenset(about.values_list("visitor_id", flat=True).distinct())


def in_force(*, conflict: Conflict) -> ConflictDecision | None:
    """Return the decision in force with its user and link, or None."""
    mine = ConflictDecision.objects.filter(conflict=conflict, is_in_force=True)
    return mine.select_related("login_user", "ended_link__login_user").first()


def find_users(*, conflict: Conflict) -> tuple[LoginUser, ...]:
    """Return whom a conflict is about, the current user first; of a shared device everybody whom it was linked to.

    At most `USERS_MAX`, the newest links first.
    """
    sides = [user for user in (conflict.login_user, conflict.other_user) if user is not None]
    if conflict.kind == ConflictKind.SHARED_DEVICE:
        links = VisitorLink.objects.filter(visitor=conflict.visitor).select_related("login_user").order_by("-pk")
        sides += [link.login_user for link in links[:LINKS_MAX]]
    return tuple({user.pk: user for user in sides}.values())[:USERS_MAX]


def choices(*, conflict: Conflict) -> tuple[Choice, ...]:
    """Return what can be decided now, each with what it would change; not what is in force already.

    `conflict` comes with its visitor and users.
    """
    decision = in_force(conflict=conflict)
    found = []
    for verdict in _OFFERED[conflict.kind]:
        users = _linkable(conflict) if verdict == Verdict.UNLINK else (None,)
        for user in users:
            if decision and decision.verdict == verdict and decision.login_user == user:
                continue
            effect = _effect(conflict=conflict, undone=decision, user=user)
            found.append(Choice(verdict=verdict, effect=effect, login_user=user))
    return tuple(found)


def undoing(*, conflict: Conflict) -> Effect | None:
    """Return what undoing the decision in force would change, None when there is none."""
    decision = in_force(conflict=conflict)
    return None if decision is None else _effect(conflict=conflict, undone=decision, user=None)


@transaction.atomic
def decide(
    *, conflict_id: int, verdict: str, login_user_id: int | None, seen: int, by: Any, now: datetime
) -> ConflictDecision:
    """Decide a conflict, or decide it anew, and return the deed.

    Args:
        login_user_id: the key of the user meant by an `unlink`.
        seen: the key of the newest deed that the person who decides has seen, 0 for none.

    Raises: Conflict.DoesNotExist, NotOffered, DecidedMeanwhile.
    """
    conflict = _locked(conflict_id=conflict_id, seen=seen)
    choice = next((one for one in choices(conflict=conflict) if _is(one, verdict, login_user_id)), None)
    if choice is None:
        raise NotOffered("This cannot be decided about this conflict, or it is in force already.")
    _apply(conflict=conflict, effect=choice.effect, now=now)
    deed = _record(
        conflict=conflict, verdict=choice.verdict, user=choice.login_user, ended=choice.effect.ends, by=by, now=now
    )
    conflict.state, conflict.decision = ConflictState.DECIDED, choice.verdict
    conflict.decided_by, conflict.decided_at = by, now
    conflict.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    return deed


@transaction.atomic
def part(*, link_id: int, by: Any, now: datetime) -> Conflict:
    """Part a visitor from a user although nothing disagrees, and return the conflict that keeps the decision.

    It is the decision `unlink` about a conflict that the person raises: the link ends, the sync opens none between
    the two, and the conflict's page undoes it.

    Args:
        link_id: the key of the open link that the person sees.

    Raises: VisitorLink.DoesNotExist, DecidedMeanwhile when the link has ended meanwhile.
    """
    link = VisitorLink.objects.select_related("visitor", "login_user").get(pk=link_id)
    _lock_visitor(visitor_id=link.visitor_id)
    conflict, _is_new = Conflict.objects.get_or_create(
        visitor=link.visitor,
        kind=ConflictKind.WRONG_LINK,
        subject=subject_of(link.login_user.user_id),
        defaults={
            "integration_id": link.visitor.integration_id,
            "login_user": link.login_user,
            "first_seen_at": now,
            "last_seen_at": now,
        },
    )
    if not VisitorLink.objects.open().filter(pk=link_id).exists() or in_force(conflict=conflict):
        raise DecidedMeanwhile("The link ended meanwhile.")
    decide(
        conflict_id=conflict.pk,
        verdict=Verdict.UNLINK,
        login_user_id=link.login_user_id,
        seen=_newest_deed(conflict_id=conflict.pk),
        by=by,
        now=now,
    )
    return conflict


def preview_parting(*, link: VisitorLink) -> Effect:
    """Return what parting the visitor of an open link from its user changes."""
    return Effect(ends=link, keeps_apart=link.login_user)


@transaction.atomic
def undo(*, conflict_id: int, seen: int, by: Any, now: datetime) -> ConflictDecision:
    """Undo the decision in force, which opens the conflict again, and return the deed.

    Raises: Conflict.DoesNotExist, NotOffered when nothing is in force, DecidedMeanwhile.
    """
    conflict = _locked(conflict_id=conflict_id, seen=seen)
    effect = undoing(conflict=conflict)
    if effect is None:
        raise NotOffered("There is no decision to undo.")
    _apply(conflict=conflict, effect=effect, now=now)
    deed = _record(conflict=conflict, verdict=Verdict.UNDO, user=effect.lets_together, ended=None, by=by, now=now)
    if conflict.kind == ConflictKind.WRONG_LINK:
        # Only the person who has changed their mind saw anything wrong: nothing is left to decide.
        conflict.state, conflict.decision = ConflictState.DECIDED, Verdict.UNDO
        conflict.decided_by, conflict.decided_at = by, now
    else:
        conflict.state, conflict.decision = ConflictState.OPEN, ""
        conflict.decided_by, conflict.decided_at = None, None
    conflict.save(update_fields=["state", "decision", "decided_by", "decided_at"])
    return deed


def _is(choice: Choice, verdict: str, login_user_id: int | None) -> bool:
    meant = choice.login_user.pk if choice.login_user else None
    return choice.verdict == verdict and meant == login_user_id


def _linkable(conflict: Conflict) -> tuple[LoginUser, ...]:
    if conflict.kind == ConflictKind.EMAIL_OF_ANOTHER_USER:
        # Whose address it is was never linked because of that, so only the linked side can be parted from the visitor.
        return () if conflict.login_user is None else (conflict.login_user,)
    return find_users(conflict=conflict)


def _locked(*, conflict_id: int, seen: int) -> Conflict:
    owner = Conflict.objects.values_list("visitor_id", flat=True).get(pk=conflict_id)
    _lock_visitor(visitor_id=owner)
    Conflict.objects.select_for_update().filter(pk=conflict_id).first()
    conflict = Conflict.objects.select_related("visitor", "login_user", "other_user").get(pk=conflict_id)
    if conflict.visitor_id != owner or _newest_deed(conflict_id=conflict_id) != seen:
        raise DecidedMeanwhile("Somebody decided about this conflict meanwhile.")
    return conflict


def _lock_visitor(*, visitor_id: int) -> None:
    # The visitor first, in the order in which the sync locks, so that a pass and a person never wait for each other.
    Visitor.objects.select_for_update().filter(pk=visitor_id).first()


def _newest_deed(*, conflict_id: int) -> int:
    deeds = ConflictDecision.objects.filter(conflict=conflict_id).order_by("-pk")
    return deeds.values_list("pk", flat=True).first() or 0


def _effect(*, conflict: Conflict, undone: ConflictDecision | None, user: LoginUser | None) -> Effect:
    was_apart = undone.login_user if undone and undone.verdict == Verdict.UNLINK else None
    open_link = VisitorLink.objects.open().filter(visitor=conflict.visitor).select_related("login_user").first()
    ends = open_link if open_link and user and open_link.login_user_id == user.pk else None
    if was_apart is None or undone is None:
        return Effect(ends=ends, keeps_apart=user)
    is_free = open_link is None and not _is_apart_elsewhere(conflict=conflict, user=was_apart)
    reopens = undone.ended_link if is_free and _still_carries(conflict.visitor, user=was_apart) else None
    return Effect(ends=ends, keeps_apart=user, lets_together=was_apart, reopens=reopens)


def _still_carries(visitor: Visitor, *, user: LoginUser) -> bool:
    return visitor.state == VisitorState.ANONYMOUS and visitor.external_id == user.user_id


def _is_apart_elsewhere(*, conflict: Conflict, user: LoginUser) -> bool:
    others = ConflictDecision.objects.filter(is_in_force=True, verdict=Verdict.UNLINK, login_user=user)
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
    if effect.lets_together:
        # Whatever was said meanwhile was not acted on: Zendesk is asked again, and the answer decides.
        visitors.exclude(state=VisitorState.GONE).update(
            lookup_due_at=now, lookup_rank=int(Rank.IDENTIFIED), lookup_attempts=0
        )


def _record(
    *, conflict: Conflict, verdict: Verdict, user: LoginUser | None, ended: VisitorLink | None, by: Any, now: datetime
) -> ConflictDecision:
    deed = "undo_conflict" if verdict == Verdict.UNDO else "decide_conflict"
    name = by.get_username()
    AuditEvent.objects.create(
        at=now, actor=name, actor_user=by, action=deed, target=f"conflict {conflict.pk}", fields=[str(verdict)]
    )
    return ConflictDecision.objects.create(
        conflict=conflict,
        verdict=verdict,
        is_in_force=verdict != Verdict.UNDO,
        login_user=user,
        ended_link=ended,
        by=by,
        by_name=name,
        at=now,
    )
