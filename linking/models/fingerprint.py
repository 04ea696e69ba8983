"""The key of fingerprints, by which people tell one secret from another."""

from django.db import models
from django.db.models import Q

from linking.core.secretbox import KeyRing, SealBroken, build_fingerprint
from linking.fields import SealedTextField, key_ring

FINGERPRINT_PLACE = "installation|fingerprint_key"


class FingerprintKey(models.Model):
    """The installation's key of fingerprints: one row, so that fingerprints outlive the seal keys."""

    sealed = SealedTextField()

    class Meta:
        constraints = [models.CheckConstraint(name="fingerprint_key_is_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return "fingerprint key"

    def reveal(self) -> str:
        """Return the key as hexadecimal digits.

        Raises: SealBroken.
        """
        return key_ring().unseal(self.sealed, place=FINGERPRINT_PLACE)


class _Known:
    # The ring that opened it, and what it opened: the key never changes while the process lives.
    ring: KeyRing | None = None
    key: str = ""


def take_fingerprint(plain: str) -> str:
    """Return the 8 hexadecimal digits that stand for a secret in this installation."""
    ring = key_ring()
    if _Known.ring is not ring:
        _Known.key, _Known.ring = _load_key(ring), ring
    return build_fingerprint(plain, key=_Known.key)


def _load_key(ring: KeyRing) -> str:
    fresh = ring.derive_fingerprint_key()
    try:
        return ensure_fingerprint_key().reveal()
    except SealBroken:
        # A lost key. `seal rewrap` stores the fresh one; nothing is overwritten here, where the ring may be the fault.
        return fresh


def ensure_fingerprint_key() -> FingerprintKey:
    """Return the row, which is made with the key that follows from the oldest seal key."""
    ring = key_ring()
    sealed = ring.seal(ring.derive_fingerprint_key(), place=FINGERPRINT_PLACE)
    row, _is_new = FingerprintKey.objects.get_or_create(pk=1, defaults={"sealed": sealed})
    return row


def replace_lost_fingerprint_key() -> None:
    """Store a fresh key where the one that is stored cannot be opened any more."""
    row, ring = ensure_fingerprint_key(), key_ring()
    try:
        row.reveal()
    except SealBroken:
        sealed = ring.seal(ring.derive_fingerprint_key(), place=FINGERPRINT_PLACE)
        FingerprintKey.objects.filter(pk=1, sealed=row.sealed).update(sealed=sealed)
