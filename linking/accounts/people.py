"""The people of this installation: who they are, what their groups let them do, and what admins do about them.

Nobody changes their own groups or switches themselves off, so an administrator is always left; a superuser is changed
only by another one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from linking.accounts import api_tokens, roles, sessions
from linking.accounts.one_time_links import INVITATION, sign_link
from linking.accounts.person_audit import record_deed

INVITED, LINK_MADE = "person.invited", "person.link_made"
GROUPS_CHANGED, SWITCHED_OFF, SWITCHED_ON = "person.groups_changed", "person.switched_off", "person.switched_on"
PEOPLE_SHOWN_MAX = 500
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account. `groups` are the product's groups only; `is_invited`: it never signed in and has no password."""

    pk: int
    username: str
    email: str
    groups: frozenset[str]
    is_superuser: bool
    is_active: bool
    is_invited: bool
    has_password: bool
    has_factor: bool
    last_seen_at: datetime | None


class PersonRefused(Exception):
    """What was asked about a person is not possible; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The account a link opens and the secret part of its address, which is shown once."""

    user: Any
    token: str


def list_people() -> list[Person]:
    """Return the accounts by name, at most `PEOPLE_SHOWN_MAX` of them; two queries."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=_FACTORS)
    users = get_user_model().objects.annotate(has_factor=Exists(factors)).select_related("presence")
    return [_build_person(user) for user in users.prefetch_related("groups").order_by("username")[:PEOPLE_SHOWN_MAX]]


def find_account(pk: int) -> Any:
    """Return the account with this key, None without one."""
    return get_user_model().objects.filter(pk=pk).first()


def invite(*, username: str, email: str, groups: Collection[str], by: Any, now: datetime) -> Invitation:
    """Make an account without a password in `groups`, and a link with which its owner chooses one.

    Raises: PersonRefused.
    """
    name, address = username.strip(), email.strip()
    _require_groups(groups)
    users = get_user_model().objects
    _require_name(name)
    with transaction.atomic():
        if users.filter(username__iexact=name).exists():
            raise PersonRefused(_("There is an account with this name already."))
        if address and users.filter(email__iexact=address).exists():
            raise PersonRefused(_("Another account has this e-mail address."))
        user = _create_account(name, address)
        user.groups.set(_find_groups(groups))
        record_deed(action=INVITED, by=by, about=user, now=now, fields=sorted(groups))
    return Invitation(user=user, token=sign_link(user=user, kind=INVITATION))


def make_link(*, user: Any, by: Any, now: datetime) -> Invitation:
    """Return a link for somebody who forgot the password, or whose invitation ended.

    Raises: PersonRefused.
    """
    _require_touchable(user, by=by)
    if not user.is_active:
        raise PersonRefused(_("This account is switched off. Switch it on first."))
    record_deed(action=LINK_MADE, by=by, about=user, now=now)
    return Invitation(user=user, token=sign_link(user=user, kind=INVITATION))


def change_groups(*, user: Any, groups: Collection[str], by: Any, now: datetime) -> bool:
    """Put `user` into exactly these of the product's groups; return whether anything changed. Others stay.

    Raises: PersonRefused.
    """
    _require_groups(groups)
    _require_other(user, by=by)
    _require_touchable(user, by=by)
    with transaction.atomic():
        known = user.groups.filter(name__in=roles.GROUPS)
        if {group.name for group in known} == set(groups):
            return False
        user.groups.remove(*known)
        user.groups.add(*_find_groups(groups))
        record_deed(action=GROUPS_CHANGED, by=by, about=user, now=now, fields=sorted(groups))
    return True


def switch(*, user: Any, is_active: bool, by: Any, now: datetime) -> None:
    """Let `user` sign in again, or stop letting them in: sessions and API tokens end for good.

    Raises: PersonRefused.
    """
    _require_other(user, by=by)
    _require_touchable(user, by=by)
    with transaction.atomic():
        get_user_model().objects.filter(pk=user.pk).update(is_active=is_active)
        if not is_active:
            end_access(user=user, by=by, now=now)
        record_deed(action=SWITCHED_ON if is_active else SWITCHED_OFF, by=by, about=user, now=now)


def end_access(*, user: Any, by: Any, now: datetime) -> None:
    """End what lets somebody in who is switched off: switched on again, they sign in anew and get new API tokens."""
    sessions.void_sessions(user=user, now=now)
    api_tokens.end_tokens(user=user, by=by, now=now)


def sign_out_everywhere(*, user: Any, by: Any, now: datetime) -> None:
    """End every session of `user`; an API token stays.

    Raises: PersonRefused.
    """
    _require_touchable(user, by=by)
    sessions.end_sessions(user=user, by=by, now=now)


def _build_person(user: Any) -> Person:
    presence = getattr(user, "presence", None)
    return Person(
        pk=user.pk,
        username=user.get_username(),
        email=user.email,
        groups=frozenset(group.name for group in user.groups.all()) & frozenset(roles.GROUPS),
        is_superuser=user.is_superuser,
        is_active=user.is_active,
        is_invited=user.last_login is None and not user.has_usable_password(),
        has_password=user.has_usable_password(),
        has_factor=user.has_factor,
        last_seen_at=(presence and presence.last_seen_at) or user.last_login,
    )


def _create_account(name: str, address: str) -> Any:
    user = get_user_model()(username=name, email=address)
    user.set_unusable_password()
    try:
        user.full_clean()
        if address:
            validate_email(address)
    except ValidationError as error:
        raise PersonRefused(" ".join(error.messages)) from error
    user.save()
    return user


def _find_groups(names: Collection[str]) -> list[Group]:
    return [Group.objects.get_or_create(name=name)[0] for name in sorted(names)]


def _require_name(name: str) -> None:
    if not name:
        raise PersonRefused(_("Enter a user name."))


def _require_groups(groups: Collection[str]) -> None:
    ranks: Sequence[str] = [name for name in groups if name != roles.DEVELOPERS]
    if not set(groups) <= set(roles.GROUPS) or len(ranks) > 1:
        raise PersonRefused(_("Choose one of the roles."))


def _require_other(user: Any, *, by: Any) -> None:
    if user.pk == by.pk:
        raise PersonRefused(_("You cannot change your own role or switch yourself off. Ask another administrator."))


def _require_touchable(user: Any, *, by: Any) -> None:
    if user.is_superuser and not by.is_superuser:
        raise PersonRefused(_("This person is a superuser, whom only another superuser can change."))
