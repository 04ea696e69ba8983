"""Who was erased and must not come back: keyed digests, the key to them, and receipts that name nobody."""

import secrets
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.fields import SealedTextField, key_ring

ERASURE_KEY_PLACE = "erasure|key"  # where the sealed key belongs; it opens nowhere else


class ErasureKey(models.Model):
    """The key of this installation that makes digests and signs receipts; one row, made with the first erasure.

    It is random and sealed by the operator's seal keys, so that those may be changed without losing who was erased.
    """

    sealed = SealedTextField()

    class Meta:
        constraints = [models.CheckConstraint(name="erasure_key_is_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return "erasure key"

    @classmethod
    def ensure(cls) -> Self:
        """Return the row, made where there is none yet."""
        row = cls.objects.first()
        if row is None:
            sealed = key_ring().seal(secrets.token_hex(32), place=ERASURE_KEY_PLACE)
            cls.objects.bulk_create([cls(pk=1, sealed=sealed)], ignore_conflicts=True)
            row = cls.objects.get()
        return row


class ErasureReceipt(models.Model):
    """One erasure: `body` is what was signed, as text, and names nobody but the colleague who did it."""

    number = models.CharField(max_length=16, unique=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    body = models.TextField()
    signature = models.CharField(max_length=64)
    # When the person was let in again, empty while nothing may be kept of them.
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="", db_default="")

    class Meta:
        verbose_name, verbose_name_plural = _("erasure receipt"), _("erasure receipts")
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="receipt_newest")]

    def __str__(self) -> str:
        return self.number


class ErasedMark(models.Model):
    """The digest of one user ID, visitor ID or e-mail address of somebody who was erased."""

    digest = models.CharField(max_length=64)
    receipt = models.ForeignKey(ErasureReceipt, on_delete=models.CASCADE, related_name="marks")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_erased_mark_a_receipt", fields=["digest", "receipt"])]

    def __str__(self) -> str:
        return self.digest[:8]
