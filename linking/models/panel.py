"""Starts of the panel inside Zendesk that were believed, so that none is believed twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PanelStart(models.Model):
    """One token that counted once. Kept a little longer than it would be believed; `mark` is a digest of its ID."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="panel_starts")
    mark = models.CharField(max_length=64)
    forget_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("panel start"), _("panel starts")
        constraints = [models.UniqueConstraint(name="one_panel_start_a_token", fields=["integration", "mark"])]
        indexes = [models.Index(fields=["forget_at"], name="panel_start_by_end")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.forget_at:%Y-%m-%d %H:%M:%S}"
