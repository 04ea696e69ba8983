"""Which account a person of the issuer has, and in which groups the issuer's claim puts it.

An account belongs to a pair of issuer and subject. The pair is joined to an account that exists already by its owner,
who is signed in, or by an e-mail address that this issuer has verified (docs/decisions/0034-single-sign-on.md).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext as _

from linking.accounts import roles
from linking.accounts.people import GROUPS_CHANGED
from linking.accounts.sign_in import DEFAULT_USERNAME
from linking.accounts.single_sign_on.issuer import ClaimedPerson, Issuer, may_use_password
from linking.models import AuditEvent

ACTOR = "single sign-on"
JOINED, MADE, PARTED = "person.joined_issuer", "person.made_by_issuer", "person.parted_issuer"


class JoinRefused(Exception):
    """The account cannot be joined; the sentence says why."""


def find_or_make(request: HttpRequest, *, person: ClaimedPerson, issuer: Issuer, now: datetime) -> Any:
    """Return the account of `person`, which is joined or made where there is none yet.

    None for somebody without an account and without a group, for whom none is made.
    """
    joined = SocialAccount.objects.select_related("user").filter(provider=issuer.issuer, uid=person.subject).first()
    if joined:
        return joined.user
    user = _find_by_email(person, issuer=issuer)
    if user is None:
        if not person.groups:
            return None
        user = _make(request, person)
        _record(MADE, about=user, now=now)
    _keep_pair(user, person=person, issuer=issuer, now=now)
    return user


def join(user: Any, *, person: ClaimedPerson, issuer: Issuer, now: datetime) -> None:
    """Join the account of somebody who is signed in with the person they are at the issuer.

    Raises: JoinRefused.
    """
    pairs = SocialAccount.objects.filter(provider=issuer.issuer)
    taken = pairs.filter(uid=person.subject).first()
    if taken is not None and taken.user_id != user.pk:
        raise JoinRefused(_("This sign-in already opens another account of zdbridge."))
    if taken is None and pairs.filter(user=user).exists():
        raise JoinRefused(_("Your account is already joined with another person there. End that first."))
    if taken is None:
        _keep_pair(user, person=person, issuer=issuer, now=now)


def part(user: Any, *, issuer: Issuer, now: datetime) -> None:
    """End the join of an account with the issuer.

    Raises: JoinRefused for an account that could then no longer sign in.
    """
    if not (user.has_usable_password() and may_use_password(user)):
        raise JoinRefused(_("Without it you could not sign in any more. Set a password first."))
    if SocialAccount.objects.filter(provider=issuer.issuer, user=user).delete()[0]:
        _record(PARTED, about=user, now=now, actor=user.get_username())


def is_joined(user: Any, *, issuer: Issuer) -> bool:
    """Return whether an account is joined with a person at the issuer."""
    return SocialAccount.objects.filter(provider=issuer.issuer, user=user).exists()


def set_groups(user: Any, *, groups: Collection[str], now: datetime) -> None:
    """Put `user` into exactly these of the product's groups; other groups stay, and a superuser stays one."""
    had = user.groups.filter(name__in=roles.GROUPS)
    if {group.name for group in had} == set(groups):
        return
    user.groups.remove(*had)
    user.groups.add(*[Group.objects.get_or_create(name=name)[0] for name in sorted(groups)])
    _record(GROUPS_CHANGED, about=user, now=now, fields=sorted(groups))


def _find_by_email(person: ClaimedPerson, *, issuer: Issuer) -> Any:
    """Return the one account with the verified address of `person`.

    None for accounts that can do everything or are there for the day on which the issuer is away, and for one that is
    joined with somebody else there: an address can be given to a new colleague.
    """
    if not person.has_verified_email:
        return None
    found = list(get_user_model().objects.filter(email__iexact=person.email)[:2])
    if len(found) != 1:
        return None
    user = found[0]
    is_kept_apart = user.is_superuser or user.get_username() in {*issuer.emergency_accounts, DEFAULT_USERNAME}
    return None if is_kept_apart or is_joined(user, issuer=issuer) else user


def _make(request: HttpRequest, person: ClaimedPerson) -> Any:
    users = get_user_model().objects
    user = get_user_model()(username=_choose_username(request, person))
    # The address of somebody else's account would be a way to that account's password.
    if person.has_verified_email and not users.filter(email__iexact=person.email).exists():
        user.email = person.email
    user.set_unusable_password()
    user.save()
    return user


def _choose_username(request: HttpRequest, person: ClaimedPerson) -> str:
    """Return a free name close to the one at the issuer; the name of the first administrator is not free."""
    wish = person.username if person.username.lower() != DEFAULT_USERNAME else ""
    return str(get_adapter(request).generate_unique_username([wish, "person"]))


def _keep_pair(user: Any, *, person: ClaimedPerson, issuer: Issuer, now: datetime) -> None:
    # What the issuer tells of people is not stored: `extra_data` stays empty.
    SocialAccount.objects.create(provider=issuer.issuer, uid=person.subject, user=user, extra_data={})
    _record(JOINED, about=user, now=now)


def _record(action: str, *, about: Any, now: datetime, actor: str = ACTOR, fields: Collection[str] = ()) -> None:
    target = about.get_username()[:200]
    AuditEvent.objects.create(at=now, actor=actor, action=action, target=target, fields=list(fields))
