"""Asks people for their own password again before they change a secret."""

import time
from typing import Any

from django.utils.translation import gettext as _

from linking.limits import Limiter

# A stolen session must not be able to try passwords here without end.
PASSWORD_TRIES_PER_MINUTE = 5
_tries = Limiter(per_minute=PASSWORD_TRIES_PER_MINUTE)


def find_password_flaw(person: Any, password: str) -> str:
    """Return a sentence on why `password` does not show that it is `person` who asks, "" when it does."""
    # Somebody who signs in through an identity provider has no password to be asked for.
    if not person.has_usable_password():
        return ""
    if not password:
        return _("Enter your own password.")
    if _tries.wait_s(key=str(person.pk), now=time.time()):
        return _("Too many attempts. Wait a minute.")
    return "" if person.check_password(password) else _("This is not your password.")
