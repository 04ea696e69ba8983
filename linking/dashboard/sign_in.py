"""How people sign in: closed sign-up, and the administrator link that works once.

A link carries a signed note of who it is for and a digest of that account's state. Signing in changes the state
(`last_login`), and so does a new password, which is what makes the link work once without a table of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from linking import roles

LINK_LIFETIME = timedelta(hours=24)
DEFAULT_USERNAME = "administrator"
_SALT = "linking.dashboard.sign_in.admin_link"


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Accounts are made by admins; nobody signs themselves up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the signature is allauth's
        """Return False: sign-up is closed."""
        return False


class LinkFlaw(StrEnum):
    """Why an administrator link does not work."""

    BROKEN = "broken"
    EXPIRED = "expired"
    USED = "used"


class LinkRefused(Exception):
    """An administrator link that does not work; `flaw` says why."""

    def __init__(self, flaw: LinkFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLink:
    """The secret part of a link's address and the account it opens."""

    token: str
    username: str


def make_admin_link(*, username: str) -> AdminLink:
    """Return a link for the member of `admins` named `username`, who is made when there is none.

    The account stays without a password until its owner sets one. Raises: ValueError when the account is switched off.
    """
    with transaction.atomic():
        user, is_new = get_user_model().objects.get_or_create(username=username)
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if not user.is_active:
            raise ValueError(f"The account {username} is switched off.")
        user.groups.add(Group.objects.get_or_create(name=roles.ADMINS)[0])
    return AdminLink(token=signing.dumps([user.pk, _state_of(user)], salt=_SALT), username=username)


def is_admin_link_needed() -> bool:
    """Return whether no member of `admins` has a password to sign in with yet."""
    people = get_user_model().objects.filter(groups__name=roles.ADMINS, is_active=True)
    return not any(user.has_usable_password() for user in people)


def account_of(*, token: str) -> Any:
    """Return the account a link opens.

    Raises: LinkRefused.
    """
    try:
        user_pk, state = signing.loads(token, salt=_SALT, max_age=LINK_LIFETIME)
    except signing.SignatureExpired as error:
        raise LinkRefused(LinkFlaw.EXPIRED) from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkRefused(LinkFlaw.BROKEN) from error
    user = get_user_model().objects.filter(pk=user_pk, is_active=True).first()
    if user is None or not constant_time_compare(state, _state_of(user)) or not roles.is_admin(user):
        raise LinkRefused(LinkFlaw.USED)
    return user


def use_admin_link(*, token: str, now: datetime) -> Any:
    """Return the account of a link and make the link useless, also for somebody who sends it at the same moment.

    Raises: LinkRefused.
    """
    user = account_of(token=token)
    same = get_user_model().objects.filter(pk=user.pk, password=user.password, last_login=user.last_login)
    if not same.update(last_login=now):
        raise LinkRefused(LinkFlaw.USED)
    user.last_login = now
    return user


def _state_of(user: Any) -> str:
    seen = "" if user.last_login is None else user.last_login.isoformat()
    return salted_hmac(_SALT, f"{user.pk}|{user.password}|{seen}", algorithm="sha256").hexdigest()[:32]
