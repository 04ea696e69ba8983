"""Asks people to show again that it is they, before they change a secret or remove an integration."""

import time
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from linking.limits import Limiter

# A stolen session must not be able to try passwords here without end.
PASSWORD_TRIES_PER_MINUTE = 5
# Within this time a sign-in or a second factor stands in for the password of somebody who has none.
FRESH_FOR = timedelta(minutes=10)
_tries = Limiter(per_minute=PASSWORD_TRIES_PER_MINUTE)


def find_password_flaw(person: Any, password: str, *, proven_s_ago: float) -> str:
    """Return a sentence on why `password` does not show that it is `person` who asks, "" when it does.

    `proven_s_ago`: the seconds since the person signed in or showed a second factor in this session. It counts for
    those who sign in through an identity provider or by a link, and have no password to be asked for.
    """
    if not person.has_usable_password():
        if 0 <= proven_s_ago <= FRESH_FOR.total_seconds():
            return ""
        return _("Your account has no password. Sign out, sign in again, and repeat this within ten minutes.")
    if not password:
        return _("Enter your own password.")
    if _tries.wait_s(key=str(person.pk), now=time.time()):
        return _("Too many attempts. Wait a minute.")
    return "" if person.check_password(password) else _("This is not your password.")
