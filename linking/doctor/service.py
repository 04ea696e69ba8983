"""The token doctor: puts the configuration in force and its secrets around the pure verdicts of `core.diagnosis`.

Nothing of what is pasted is stored, logged or sent anywhere, and no verdict repeats a token, a secret or an address.
"""

from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from linking import registry
from linking.accounts import roles
from linking.doctor.diagnosis import diagnose
from linking.doctor.verdicts import Diagnosis, DoctorContext, TokenKind
from linking.registry import NoSuchIntegration
from linking.tokens import clock_offsets, key_fetching


def may_diagnose(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether `user` may use the doctor: leads and admins, who may see whom a token names."""
    return roles.rank_of(user) >= roles.Role.LEAD


def diagnose_paste(*, text: str, kind: TokenKind, slug: str, now: float) -> Diagnosis:
    """Return the verdicts on what was pasted, for the integration `slug`, or "" for the one the token names.

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
    )
    return diagnose(text=text, kind=kind, around=around)
