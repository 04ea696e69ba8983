"""What the token endpoint counts, without any token or user: answers by the hour, and clocks that run ahead."""

from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from linking.models.integration import Integration


class AnswerCount(models.Model):
    """Answers of one kind in one hour.

    `code` and `reason` are empty and `issued` for a token given. `is_observed` marks what would have been refused, had
    the integration not only been observed. `origin` is the asking page's, "" for none, clipped. `integration` is
    empty where the request led to none.
    """

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, null=True, related_name="answer_counts")
    hour_at = models.DateTimeField()
    code = models.CharField(max_length=5, blank=True)
    reason = models.CharField(max_length=40)
    origin = models.CharField(max_length=200, blank=True)
    is_observed = models.BooleanField(default=False)
    count = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("token answer count"), _("token answer counts")
        ordering = ["-hour_at", "integration", "code", "reason", "origin"]
        constraints = [
            models.UniqueConstraint(
                name="one_count_a_kind_and_hour",
                fields=["integration", "hour_at", "code", "reason", "origin", "is_observed"],
                condition=Q(integration__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_count_a_kind_and_hour_of_none",
                fields=["hour_at", "code", "reason", "origin", "is_observed"],
                condition=Q(integration__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["hour_at"], name="answers_by_hour")]

    def __str__(self) -> str:
        return f"{self.hour_at:%Y-%m-%d %H}h {self.reason} {self.count}"


class AnswerTotal(models.Model):
    """Answers of one integration, code and reason since ever; fields as in `AnswerCount`.

    Counts by the hour are dropped after a while, and what Prometheus counts with must never fall.
    """

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, null=True, related_name="answer_totals")
    code = models.CharField(max_length=5, blank=True)
    reason = models.CharField(max_length=40)
    is_observed = models.BooleanField(default=False)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("token answer total"), _("token answer totals")
        constraints = [
            models.UniqueConstraint(
                name="one_total_a_kind",
                fields=["integration", "code", "reason", "is_observed"],
                condition=Q(integration__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_total_a_kind_of_none",
                fields=["code", "reason", "is_observed"],
                condition=Q(integration__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.reason} {self.count}"


class ClockOffset(models.Model):
    """Tokens of one integration that were refused as not yet valid, by how many seconds and in which ten minutes."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="clock_offsets")
    slot_at = models.DateTimeField()
    ahead_s = models.PositiveIntegerField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("clock offset"), _("clock offsets")
        constraints = [
            models.UniqueConstraint(name="one_clock_offset_a_slot", fields=["integration", "slot_at", "ahead_s"])
        ]
        indexes = [models.Index(fields=["slot_at"], name="clock_offsets_by_slot")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.ahead_s} s"


def add_to_count(rows: QuerySet[Any], *, number: int, new: dict[str, Any]) -> None:
    """Add `number` to the `count` of the one row that `rows` finds, or make it from `new`. Raises: django.db.Error."""
    if rows.update(count=F("count") + number):
        return
    try:
        with transaction.atomic():
            rows.model.objects.create(**new, count=number)
    except IntegrityError:
        # Another process made the row in the same moment.
        rows.update(count=F("count") + number)
