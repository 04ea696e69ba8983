"""Links that sign one person in once: the administrator link, and the invitation.

A link contains the signed key of its account and a digest of the account's state. Signing in and a new password change
the state, so a link works once without a table of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from linking.accounts import roles
from linking.models import AuditEvent

_STATE_SALT = "linking.dashboard.sign_in.admin_link"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKind:
    """One kind of link; `used` is the audit's action for its use.

    A link `for_admins` opens an account only while it is an administrator's.
    """

    salt: str
    lifetime: timedelta
    used: str
    for_admins: bool = False


ADMIN_LINK = LinkKind(salt=_STATE_SALT, lifetime=timedelta(hours=24), used="admin_link.used", for_admins=True)
INVITATION = LinkKind(salt="linking.accounts.invitation", lifetime=timedelta(days=7), used="person.link_used")


class LinkFlaw(StrEnum):
    """Why a link does not work."""

    BROKEN = "broken"
    EXPIRED = "expired"
    USED = "used"


class LinkRefused(Exception):
    """A link that does not work; `flaw` says why."""

    def __init__(self, flaw: LinkFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


def sign_link(*, user: Any, kind: LinkKind) -> str:
    """Return the secret part of the address of a link that opens the account `user`."""
    return signing.dumps([user.pk, _digest_state(user)], salt=kind.salt)


def find_account(*, token: str, kind: LinkKind) -> Any:
    """Return the account that a link opens.

    Raises: LinkRefused.
    """
    try:
        user_pk, state = signing.loads(token, salt=kind.salt, max_age=kind.lifetime)
    except signing.SignatureExpired as error:
        raise LinkRefused(LinkFlaw.EXPIRED) from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkRefused(LinkFlaw.BROKEN) from error
    user = get_user_model().objects.filter(pk=user_pk, is_active=True).first()
    if user is None or not constant_time_compare(state, _digest_state(user)):
        raise LinkRefused(LinkFlaw.USED)
    if kind.for_admins and not roles.is_admin(user):
        raise LinkRefused(LinkFlaw.USED)
    return user


def use_link(*, token: str, kind: LinkKind, now: datetime) -> Any:
    """Return the account of a link and make the link useless, also for somebody who sends it at the same moment.

    Raises: LinkRefused.
    """
    user = find_account(token=token, kind=kind)
    same = get_user_model().objects.filter(pk=user.pk, password=user.password, last_login=user.last_login)
    if not same.update(last_login=now):
        raise LinkRefused(LinkFlaw.USED)
    user.last_login = now
    name = user.get_username()
    AuditEvent.objects.create(at=now, actor=name, actor_user=user, action=kind.used, target=name[:200])
    return user


def _digest_state(user: Any) -> str:
    seen = "" if user.last_login is None else user.last_login.isoformat()
    return salted_hmac(_STATE_SALT, f"{user.pk}|{user.password}|{seen}", algorithm="sha256").hexdigest()[:32]
