"""What people decided about conflicts: every decision and every undoing is a row, none is ever overwritten."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Decision(models.TextChoices):
    """What a lead can decide about a conflict, and its undoing."""

    KEEP = "keep", _("Keep link")
    SHARED_DEVICE = "shared_device", _("Shared device")
    UNLINK = "unlink", _("Unlink")
    IGNORE = "ignore", _("Ignore")
    UNDO = "undo", _("Undone")


class DecisionBatch(models.Model):
    """One decision about many conflicts at once; each conflict has a `ConflictDecision` of its own that names it."""

    verdict = models.CharField(max_length=20, choices=Decision.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("bulk decision"), _("bulk decisions")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.verdict} {self.pk}"


class ConflictDecision(models.Model):
    """One deed about one conflict: who, what, when.

    At most one is in force for a conflict. While an `unlink` is, the sync opens no link between the conflict's
    visitor and `login_user`, whatever Zendesk says. `ended_link` is the link the decision ended, for its undoing.
    """

    conflict = models.ForeignKey("linking.Conflict", on_delete=models.CASCADE, related_name="decisions")
    verdict = models.CharField(max_length=20, choices=Decision.choices)
    is_in_force = models.BooleanField(default=False)
    login_user = models.ForeignKey(
        "linking.LoginUser", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    ended_link = models.ForeignKey(
        "linking.VisitorLink", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # The name stays when the account goes.
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()
    batch = models.ForeignKey(
        DecisionBatch, on_delete=models.SET_NULL, null=True, blank=True, related_name="decisions", db_index=False
    )

    class Meta:
        verbose_name, verbose_name_plural = _("conflict decision"), _("conflict decisions")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(name="one_decision_in_force", fields=["conflict"], condition=Q(is_in_force=True)),
            models.CheckConstraint(
                name="decision_undone_is_not_in_force", condition=~Q(verdict="undo") | Q(is_in_force=False)
            ),
            models.CheckConstraint(
                name="decision_unlinks_somebody", condition=~Q(verdict="unlink") | Q(login_user__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["conflict"], name="decision_keeps_apart", condition=Q(is_in_force=True, verdict="unlink")
            ),
            models.Index(fields=["batch", "-id"], name="decision_by_batch", condition=Q(batch__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} {self.conflict_id}"
