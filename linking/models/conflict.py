"""Something that disagrees and that a person should look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.core.states import ConflictKind

CONFLICT_KIND_CHOICES = (
    (ConflictKind.RELINKED.value, _("Visitor signed in as another player")),
    (ConflictKind.SHARED_DEVICE.value, _("Several players on one device")),
    (ConflictKind.EMAIL_OF_ANOTHER_USER.value, _("E-mail address of another player")),
    (ConflictKind.ID_VARIANT.value, _("User IDs that differ only in upper and lower case")),
    (ConflictKind.JUNK_EXTERNAL_ID.value, _("Invalid user ID from the website")),
    (ConflictKind.WRONG_LINK.value, _("Wrong link, reported by support")),
)


class ConflictState(models.TextChoices):
    """Whether a conflict is decided."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")


class ConflictQuerySet(models.QuerySet["Conflict"]):
    """What is asked of many conflicts at once."""

    def open(self) -> "ConflictQuerySet":
        """Conflicts that nobody has decided."""
        return self.filter(state=ConflictState.OPEN)


class Conflict(models.Model):
    """Both sides of a disagreement, its evidence, and what was decided by whom.

    `subject` makes one question of the same disagreement seen again (`junk_external_id|null`), so that a replay
    of the feed adds nothing.
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="conflicts")
    kind = models.CharField(max_length=30, choices=CONFLICT_KIND_CHOICES)
    visitor = models.ForeignKey("linking.Visitor", on_delete=models.CASCADE, related_name="conflicts")
    login_user = models.ForeignKey(
        "linking.LoginUser", on_delete=models.CASCADE, null=True, blank=True, related_name="conflicts"
    )
    other_user = models.ForeignKey(
        "linking.LoginUser", on_delete=models.CASCADE, null=True, blank=True, related_name="other_conflicts"
    )
    subject = models.CharField(max_length=400)
    evidence_run = models.ForeignKey("linking.SyncRun", on_delete=models.SET_NULL, null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ConflictState.choices, default=ConflictState.OPEN)
    decision = models.CharField(max_length=30, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    # The person who works on it; nobody once the account is gone.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The time of the newest flag, empty without one; keeps "flagged" an index scan.
    flagged_at = models.DateTimeField(null=True, blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("conflict"), _("conflicts")
        ordering = ["-last_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="one_conflict_a_subject", fields=["visitor", "kind", "subject"]),
            models.CheckConstraint(
                name="conflict_decision_is_whole",
                condition=Q(state="open", decided_at__isnull=True, decision="")
                | (Q(state="decided", decided_at__isnull=False) & ~Q(decision="")),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-first_seen_at", "-id"], name="conflict_newest"),
            models.Index(fields=["state", "kind", "-first_seen_at", "-id"], name="conflict_newest_of_kind"),
            models.Index(fields=["state", "integration", "-first_seen_at", "-id"], name="conflict_newest_of_one"),
            models.Index(
                fields=["owner", "state", "-first_seen_at", "-id"],
                name="conflict_by_owner",
                condition=Q(owner__isnull=False),
            ),
            models.Index(
                fields=["state", "-first_seen_at", "-id"],
                name="conflict_flagged",
                condition=Q(flagged_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.visitor_id}"


FLAG_REASON_MAX_CHARACTERS = 200


class ConflictFlag(models.Model):
    """A person's request that a lead looks at a conflict. One person has at most one on a conflict."""

    conflict = models.ForeignKey(Conflict, on_delete=models.CASCADE, related_name="flags")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # The name stays when the account goes.
    by_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=FLAG_REASON_MAX_CHARACTERS)
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("conflict flag"), _("conflict flags")
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="flag_has_a_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.by_name} {self.conflict_id}"
