"""What each sync pass did, and the records it could not read."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    """How a pass stands."""

    RUNNING = "running", _("Running")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped early")


class StopReason(models.TextChoices):
    """Why a pass stopped before it was complete."""

    CREDENTIALS = "credentials", _("Zendesk refused the access token")
    HOST = "host", _("Zendesk's address could not be used")
    BUDGET = "budget", _("Rate limit reached; the rest follows automatically")
    VENDOR_PAUSE = "vendor_pause", _("Zendesk asked for a pause; the rest follows automatically")
    VENDOR_FAULT = "vendor_fault", _("Zendesk did not answer properly; the next sync tries again")
    ANOTHER_PASS = "another_pass", _("Another sync of this integration is running")
    LEASE_LOST = "lease_lost", _("Another worker took over")
    DEADLINE = "deadline", _("Time limit reached; the next sync continues")
    KILLED = "killed", _("The worker ended during the sync; the next sync continued")
    CRASHED = "crashed", _("Unexpected error; see the log")
    SETUP = "setup", _("The set-up is incomplete")
    BY_HAND = "by_hand", _("Stopped by a person")


COMMAND_TRIGGER = "command"  # a pass in the process of whoever runs `sync_visitors`, and in its environment
REFRESH_TRIGGER = "refresh"  # a run that read one visitor again; it holds no lease


# Those who wait are counted up to here: five million take seconds to count, and a pass counts them twice.
LEFT_COUNTED_MOST = 100_000


class SyncRun(models.Model):
    """One pass. Counts are written page by page, so that progress shows while it runs and survives a kill."""

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    trigger = models.CharField(max_length=20)  # schedule, command, page; refresh: one visitor alone
    is_full = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    stop_reason = models.CharField(max_length=20, choices=StopReason.choices, blank=True)
    stop_detail = models.CharField(max_length=300, blank=True)
    # The status with which Zendesk refused, where that is why it stopped.
    stop_status = models.PositiveSmallIntegerField(null=True)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    cursor_from_epoch_s = models.BigIntegerField(null=True)
    cursor_to_epoch_s = models.BigIntegerField(null=True)
    calls = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    chats = models.PositiveIntegerField(default=0)
    visitors_found = models.PositiveIntegerField(default=0)
    lookups = models.PositiveIntegerField(default=0)
    lookups_left = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    relinked = models.PositiveIntegerField(default=0)
    anonymous = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    waited_s = models.PositiveIntegerField(default=0)  # for the budget, for Zendesk's pauses and before another try

    class Meta:
        verbose_name, verbose_name_plural = _("sync"), _("syncs")
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="run_end_has_a_time",
                condition=Q(state="running", finished_at__isnull=True, stop_reason="")
                | Q(state="complete", finished_at__isnull=False, stop_reason="")
                | (Q(state="stopped", finished_at__isnull=False) & ~Q(stop_reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["integration", "-started_at", "-id"], name="run_newest_of_one"),
            # Of hundreds of thousands, the few that are under way.
            models.Index(fields=["integration"], name="run_under_way", condition=Q(state="running")),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.started_at:%Y-%m-%d %H:%M:%S} {self.state}"


class Quarantined(models.Model):
    """A record that could not be read: kept, clipped, with the reason, until it can be read after all."""

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="quarantined", db_index=False
    )
    run = models.ForeignKey(SyncRun, on_delete=models.SET_NULL, null=True, related_name="quarantined_records")
    source = models.CharField(max_length=20)  # chat, visitor
    record_key = models.CharField(max_length=255)  # its id, or a digest where it has none
    reason = models.CharField(max_length=300)
    raw = models.TextField()
    # Where in the export it came: the place the page was asked from. Empty for a visitor, which is asked for by its id.
    place_epoch_s = models.BigIntegerField(null=True)
    place_id = models.CharField(max_length=255, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        verbose_name, verbose_name_plural = _("unreadable record"), _("unreadable records")
        constraints = [
            models.UniqueConstraint(name="one_quarantined_a_key", fields=["integration", "source", "record_key"])
        ]
        indexes = [models.Index(fields=["last_seen_at"], name="quarantined_by_age")]

    def __str__(self) -> str:
        return f"{self.source} {self.record_key}"


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
        verbose_name, verbose_name_plural = _("sync control"), _("sync controls")
        constraints = [
            models.CheckConstraint(
                name="steering_pause_names_somebody",
                condition=Q(paused_at__isnull=True, paused_by="") | (Q(paused_at__isnull=False) & ~Q(paused_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"steering {self.integration_id}"
