"""Refused tokens of players: when, why and from which page, for the question "why was this player refused?"."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from linking.models.integration import Integration


class RefusedToken(models.Model):
    """A token that named a player and was refused; `at` is to the minute, with one row for each reason and page in it.

    The user ID is what the token says. Nobody vouches for it unless the reason is one that is found after the
    signature (`refusals.SIGNED_REASONS`). Nothing else of the token is stored.
    """

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="refused_tokens", db_index=False
    )
    user_id = models.CharField(max_length=255)
    at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    origin = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("refused token"), _("refused tokens")
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(name="refused_token_names_a_player", condition=~models.Q(user_id="")),
            # Also the index by which a player's refusals are found.
            models.UniqueConstraint(
                name="one_refused_token_a_minute", fields=["user_id", "integration", "at", "reason", "origin"]
            ),
        ]
        indexes = [
            models.Index(fields=["integration", "-at"], name="refused_by_integration"),
            models.Index(fields=["at"], name="refused_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.at:%Y-%m-%d %H:%M} {self.reason}"
