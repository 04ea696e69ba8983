"""Second factors at rest: what allauth keeps of them in JSON is sealed, value by value."""

from linking.core.secretbox import PREFIX
from linking.fields import key_ring

# allauth seals before it knows the row, so one place stands for all of them.
FACTOR_PLACE = "authenticator"


def seal_factor(plain: str) -> str:
    """Return a TOTP secret or the seed of recovery codes as it is stored."""
    return key_ring().seal(plain, place=FACTOR_PLACE)


def open_factor(stored: str) -> str:
    """Return what `seal_factor` sealed; a value from before factors were sealed is returned as it is.

    Raises: SealBroken.
    """
    return key_ring().unseal(stored, place=FACTOR_PLACE) if stored.startswith(PREFIX) else stored
