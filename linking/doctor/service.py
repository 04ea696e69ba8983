"""Entry point of the token doctor: gives the current settings and keys to the pure functions of `diagnosis`.

It stores, logs and sends nothing of a paste, and no verdict repeats a token, a secret or an e-mail address. The claims
of a readable token go to the person who pasted it, on the page alone.
"""

from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.translation import gettext

from linking import registry
from linking.accounts import roles
from linking.doctor.diagnosis import diagnose
from linking.doctor.verdicts import Diagnosis, DoctorContext, TokenKind
from linking.registry import NoSuchIntegration
from linking.tokens import clock_offsets, key_fetching


def may_diagnose(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether `user` may use the doctor: everybody who may use the set-up pages.

    The doctor tells nothing of a player that the pasted token does not hold already.
    """
    return roles.can_use_setup(user)


def diagnose_paste(*, text: str, kind: TokenKind, slug: str, now: float) -> Diagnosis:
    """Return the verdicts on a paste, for the integration `slug`; "" means the one that the token names.

    `now` is in epoch seconds.

    Raises: NoSuchIntegration.
    """
    snapshot = registry.current()
    config = snapshot.by_slug.get(slug)
    if slug and config is None:
        raise NoSuchIntegration(slug)
    around = DoctorContext(
        config=config,
        known=tuple(snapshot.by_slug.values()),
        now=now,
        keys=key_fetching.current(),
        clocks=clock_offsets.readings(now=datetime.fromtimestamp(now, tz=UTC)),
        translate=gettext,
    )
    return diagnose(text=text, kind=kind, around=around)
