"""Who may write now, when the next call may leave, and who is alive."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Lease(models.Model):
    """The right of one owner to work on `name` (`sync:7`) until it expires.

    `token` only ever rises: a writer that lost the lease is told by its stale token when it commits.
    """

    name = models.CharField(max_length=100, unique=True)
    owner = models.CharField(max_length=100, blank=True)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("lease"), _("leases")
        constraints = [
            models.CheckConstraint(name="lease_token_counts_up", condition=Q(token__gte=0)),
            models.CheckConstraint(
                name="lease_owner_has_an_end",
                condition=Q(owner="", expires_at__isnull=True) | (~Q(owner="") & Q(expires_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RequestSlot(models.Model):
    """The next free request slot of one Zendesk account, shared by every worker that calls it.

    `next_free_epoch_s` is the theoretical arrival time of the pacing arithmetic (core/pacing.py); a pause that
    Zendesk asked for pushes `paused_until_epoch_s` forward for everyone.
    """

    account = models.CharField(max_length=300, unique=True)
    next_free_epoch_s = models.FloatField(default=0)
    paused_until_epoch_s = models.FloatField(default=0)
    # Calls that left in `minute` (epoch minutes) and in the one before it; what the pages show of the budget.
    minute = models.BigIntegerField(default=0, db_default=0)
    calls_this_minute = models.PositiveIntegerField(default=0, db_default=0)
    calls_last_minute = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("request slot"), _("request slots")
        constraints = [models.CheckConstraint(name="slot_names_an_account", condition=~Q(account=""))]

    def __str__(self) -> str:
        return self.account


class Chore(models.Model):
    """Something done for an integration once in a while (`bans`, `reverify`), and when it is due next."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="chores")
    name = models.CharField(max_length=20)
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_chore_a_name", fields=["integration", "name"])]

    def __str__(self) -> str:
        return f"{self.name} {self.integration_id}"


class Heartbeat(models.Model):
    """When a role (`beat`, `worker`) was last heard of."""

    name = models.CharField(max_length=50, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("heartbeat"), _("heartbeats")
        constraints = [models.CheckConstraint(name="heartbeat_has_a_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name
