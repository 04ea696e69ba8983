"""The audit of people: who was invited, signed in, changed or signed out, and by whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.account.signals import user_logged_in as signed_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.utils import timezone

from linking.models import AuditEvent

SIGNED_IN, SIGN_IN_FAILED = "person.signed_in", "person.sign_in_failed"
PASSWORD_SET = "person.password_set"  # noqa: S105 - the name of a deed
FACTOR_ADDED, FACTOR_REMOVED, FACTOR_RENEWED = "factor.added", "factor.removed", "factor.renewed"
# Whoever tries passwords by machine must not fill the audit.
FAILURES_EVERY = timedelta(minutes=1)
NOBODY = "nobody"


def record_deed(*, action: str, by: Any, about: Any, now: datetime, fields: Sequence[str] = ()) -> None:
    """Record what `by` did to the account `about`; `fields` names groups or kinds, never a secret."""
    name = by.get_username()
    target = about.get_username()[:200]
    AuditEvent.objects.create(at=now, actor=name, actor_user=by, action=action, target=target, fields=list(fields))


def connect() -> None:
    """Record sign-ins, failed ones, passwords and second factors as they happen."""
    uid = "linking.accounts.person_audit"
    signed_in.connect(_record_sign_in, dispatch_uid=uid)
    user_login_failed.connect(_record_failure, dispatch_uid=uid)
    for signal in (password_changed, password_set, password_reset):
        signal.connect(_record_password, dispatch_uid=uid)
    for signal, action in (
        (authenticator_added, FACTOR_ADDED),
        (authenticator_removed, FACTOR_REMOVED),
        (authenticator_reset, FACTOR_RENEWED),
    ):
        signal.connect(_RECORD_FACTOR[action], dispatch_uid=uid)


def _record_sign_in(user: Any, **_kwargs: Any) -> None:
    record_deed(action=SIGNED_IN, by=user, about=user, now=timezone.now())


def _record_failure(credentials: dict[str, Any], **_kwargs: Any) -> None:
    """Record that somebody failed to sign in, once a minute for each account.

    What was typed is kept only where it names an account: people type passwords into the wrong box.
    """
    typed = str(credentials.get("username") or credentials.get("email") or "")[:254]
    user = get_user_model().objects.filter(username=typed).first()
    target = user.get_username() if user else ""
    if cache.add(f"sign-in-failed:{target}", 1, timeout=FAILURES_EVERY.total_seconds()):
        AuditEvent.objects.create(at=timezone.now(), actor=NOBODY, action=SIGN_IN_FAILED, target=target[:200])


def _record_password(user: Any, **_kwargs: Any) -> None:
    record_deed(action=PASSWORD_SET, by=user, about=user, now=timezone.now())


def _record_added(user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record_factor(FACTOR_ADDED, user, authenticator)


def _record_removed(user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record_factor(FACTOR_REMOVED, user, authenticator)


def _record_renewed(user: Any, authenticator: Authenticator, **_kwargs: Any) -> None:
    _record_factor(FACTOR_RENEWED, user, authenticator)


def _record_factor(action: str, user: Any, authenticator: Authenticator) -> None:
    record_deed(action=action, by=user, about=user, now=timezone.now(), fields=[str(authenticator.type)])


# Django keeps receivers weakly, so they are functions of the module.
_RECORD_FACTOR = {FACTOR_ADDED: _record_added, FACTOR_REMOVED: _record_removed, FACTOR_RENEWED: _record_renewed}
