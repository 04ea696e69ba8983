"""What the token endpoint counts: answers by the hour, a player's tokens by the day, and clocks that run ahead."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from linking.models.integration import Integration
from linking.models.login_user import LoginUser, TokensIssued
from linking.models.sql import bulk, token_days

TOKEN_DAYS_KEPT = 30
# A busy day of a large house has 100,000 players with a token: its 30 days, twice.
TOKEN_DAY_ROWS_MOST = 6_000_000
_DELETED_AT_ONCE = 5_000


class AnswerCount(models.Model):
    """Answers of one kind in one hour.

    `code` and `reason` are empty and `issued` for a token given. `is_observed` marks what would have been refused, had
    the integration not only been observed. `origin` is the asking page's, "" for none, clipped. `integration` is
    empty where the request led to none.
    """

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, null=True, related_name="answer_counts", db_index=False
    )
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


class TokenDayQuerySet(models.QuerySet["TokenDay"]):
    """What is written of many players at once, and what goes again."""

    def add(self, tokens: Sequence[TokensIssued]) -> None:
        """Add tokens to the days of their last ones, for players who are stored, in the caller's transaction.

        The caller has written the players in the same transaction, so that two of them never wait for each other.
        Raises: django.db.Error.
        """
        rows = [
            (one.integration_id, one.user_id, one.last_at.astimezone(UTC).date().isoformat(), one.number, one.last_at)
            for one in tokens
        ]
        fields = [
            *bulk.find_fields(LoginUser, ("integration_id", "user_id")),
            *bulk.find_fields(TokenDay, ("day", "tokens", "last_at")),
        ]
        days, players = bulk.table_name(TokenDay), bulk.table_name(LoginUser)
        statement = token_days.build_statement(days=days, players=players, fields=fields)
        for text in bulk.build_texts(fields, rows):
            bulk.execute(statement, [text])

    def prune(self, *, now: datetime) -> int:
        """Delete days that are over for `TOKEN_DAYS_KEPT` or beyond the newest `TOKEN_DAY_ROWS_MOST` rows, a part at a
        time, and return how many rows.
        """
        first_day = now.astimezone(UTC).date() - timedelta(days=TOKEN_DAYS_KEPT - 1)
        number = delete_in_parts(self.filter(day__lt=first_day))
        newest_out = self.order_by("-pk").values_list("pk", flat=True)[TOKEN_DAY_ROWS_MOST : TOKEN_DAY_ROWS_MOST + 1]
        if (key := newest_out.first()) is not None:
            number += delete_in_parts(self.filter(pk__lte=key))
        return number


class TokenDay(models.Model):
    """So many tokens issued to one player on one day of UTC, the last of them at `last_at`, to the minute.

    It goes with its player.
    """

    # The unique constraint is the index of the player.
    login_user = models.ForeignKey(LoginUser, on_delete=models.CASCADE, related_name="token_days", db_index=False)
    day = models.DateField()
    tokens = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    objects = TokenDayQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("tokens of a day"), _("tokens by day")
        constraints = [models.UniqueConstraint(name="one_token_day_a_player", fields=["login_user", "day"])]
        indexes = [models.Index(fields=["day"], name="token_days_by_day")]

    def __str__(self) -> str:
        return f"{self.login_user_id} {self.day} {self.tokens}"


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


def delete_in_parts(rows: QuerySet[Any]) -> int:
    """Delete `rows`, which nothing refers to, a few thousand a transaction, and return how many they were."""
    number = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:_DELETED_AT_ONCE]):
        number += rows.filter(pk__gte=keys[0], pk__lte=keys[-1]).delete()[0]
    return number
