"""How the token endpoint answered, counted by the hour: what an operator asks after a change, without any token."""

from django.db import models
from django.db.models import Q

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
