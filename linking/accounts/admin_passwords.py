"""How long the password of an administrator is, also of somebody who became one after choosing it.

A stored password does not tell its length. The sign-in does: a session remembers that its password is short, and while
its person is an administrator, every page leads to choosing another one.
"""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from linking.accounts import roles

ADMIN_MIN_CHARACTERS = 12
_SHORT = "password_is_short"


class AdminLength:
    """A password validator of Django's: it refuses a short password to administrators."""

    def validate(self, password: str, user: Any = None) -> None:
        """Go on when the password is long enough for this person.

        Raises: ValidationError.
        """
        if len(password) < ADMIN_MIN_CHARACTERS and user is not None and user.pk and roles.is_admin(user):
            raise ValidationError(self.get_help_text(), code="password_too_short_for_admin")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return _("Administrators need at least %(number)d characters.") % {"number": ADMIN_MIN_CHARACTERS}


def note_length(request: HttpRequest | None, *, user: Any, password: str) -> None:
    """Remember in the session whether the password of `user`, which has just been right, is a short one."""
    session = getattr(request, "session", None)
    if session is None:
        return
    if len(password) < ADMIN_MIN_CHARACTERS:
        session[_SHORT] = user.pk
    else:
        session.pop(_SHORT, None)


def needs_longer(request: HttpRequest) -> bool:
    """Return whether the person who asks is an administrator who signed in with a short password."""
    return request.session.get(_SHORT, 0) == request.user.pk and roles.is_admin(request.user)


def connect() -> None:
    """Forget the short password once there is another."""
    for signal in (password_changed, password_set, password_reset):
        signal.connect(_forget, dispatch_uid="linking.accounts.admin_passwords")


def _forget(request: HttpRequest, **_kwargs: Any) -> None:
    request.session.pop(_SHORT, None)
