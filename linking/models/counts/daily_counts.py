"""Small rows of numbers that pages and metrics read instead of counting: by day, by hour, now and since ever."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class LinkRateDay(models.Model):
    """Visitors of one integration who were last seen on one day of UTC, by what was known of them at the last count.

    `anonymous` carry no ID; `junk` carry one that is none, `parted` one that a person parted from them. `is_capped`:
    only the newest of that day were counted. `is_settled`: a pass was complete after the day's end, so the row stays.
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="link_rate_days")
    day = models.DateField()
    visitors = models.PositiveIntegerField(default=0)
    linked = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    anonymous = models.PositiveIntegerField(default=0)
    junk = models.PositiveIntegerField(default=0)
    parted = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    is_capped = models.BooleanField(default=False)
    is_settled = models.BooleanField(default=False)
    counted_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("link rate of a day"), _("link rates by day")
        ordering = ["-day", "integration"]
        constraints = [models.UniqueConstraint(name="one_link_rate_a_day", fields=["integration", "day"])]
        indexes = [models.Index(fields=["day"], name="link_rates_by_day")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.day} {self.linked}/{self.visitors}"


class WaitingHour(models.Model):
    """How many visitors of one integration waited for lookup at the last look within an hour, counted to a bound."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="waiting_hours")
    hour_at = models.DateTimeField()
    waiting = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("visitors waiting in an hour"), _("visitors waiting by hour")
        ordering = ["-hour_at", "integration"]
        constraints = [models.UniqueConstraint(name="one_waiting_an_hour", fields=["integration", "hour_at"])]
        indexes = [models.Index(fields=["hour_at"], name="waiting_by_hour")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.hour_at:%Y-%m-%d %H}h {self.waiting}"


class PassTotal(models.Model):
    """Passes of one integration that ended one way, since ever, and the seconds they took.

    `outcome` is `complete` or a `StopReason`. Rows of passes are dropped after a while, and a counter must never fall.
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="pass_totals")
    outcome = models.CharField(max_length=20)
    count = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("sum of syncs"), _("sums of syncs")
        constraints = [models.UniqueConstraint(name="one_pass_total_an_outcome", fields=["integration", "outcome"])]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.outcome} {self.count}"


class RowCounts(models.Model):
    """Numbers of rows of one integration at the last count, so that no page counts millions.

    `waiting_lookups`: visitors waiting for lookup. `waiting_users`: players who signed in and have not chatted yet.
    `first_token_at`, `first_link_at`: when a player got the first token and a visitor the first link, None before that.
    `took_s`: how long the last count took, which sets when the next one is worth its cost.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="row_counts")
    linked = models.PositiveIntegerField(default=0)
    anonymous = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    waiting_lookups = models.PositiveIntegerField(default=0)
    users = models.PositiveIntegerField(default=0)
    waiting_users = models.PositiveIntegerField(default=0)
    open_conflicts = models.PositiveIntegerField(default=0)
    first_token_at = models.DateTimeField(null=True)
    first_link_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField()
    took_s = models.FloatField(default=0)

    class Meta:
        verbose_name, verbose_name_plural = _("counts of an integration"), _("counts of integrations")

    def __str__(self) -> str:
        return f"{self.integration_id} {self.counted_at:%Y-%m-%d %H:%M:%S}"
