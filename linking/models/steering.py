"""What people asked of an integration's sync from the pages; the passes look at it and act."""

from django.db import models
from django.db.models import Q


class SyncSteering(models.Model):
    """The wishes in force for one integration; a row appears with the first wish.

    `paused_at`: the schedule rests since then. `stop_run`: the pass that is to end after its present batch.
    `backfill_from`: where the next pass starts reading the export again; emptied by the pass that obeys.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="steering")
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=150, blank=True)
    stop_run = models.ForeignKey("linking.SyncRun", on_delete=models.SET_NULL, null=True, related_name="+")
    stop_by = models.CharField(max_length=150, blank=True)
    backfill_from = models.DateTimeField(null=True)
    backfill_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="steering_pause_names_somebody",
                condition=Q(paused_at__isnull=True, paused_by="") | (Q(paused_at__isnull=False) & ~Q(paused_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"steering {self.integration_id}"
