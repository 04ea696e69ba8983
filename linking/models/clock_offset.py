"""How far ahead of this server's clock well-signed tokens were: numbers only, no token and no user."""

from django.db import models

from linking.models.integration import Integration


class ClockOffset(models.Model):
    """Tokens of one integration that were refused as not yet valid, by how many seconds and in which ten minutes."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="clock_offsets")
    slot_at = models.DateTimeField()
    ahead_s = models.PositiveIntegerField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_clock_offset_a_slot", fields=["integration", "slot_at", "ahead_s"])
        ]
        indexes = [models.Index(fields=["slot_at"], name="clock_offsets_by_slot")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.ahead_s} s"
