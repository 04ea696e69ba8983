"""Webhook calls that were believed, so that none is believed twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WebhookDelivery(models.Model):
    """One signature that counted once. Kept a little longer than its timestamp would be believed."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="webhook_deliveries")
    signature = models.CharField(max_length=44)  # base64 of 32 bytes
    received_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("webhook delivery"), _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(name="one_delivery_a_signature", fields=["integration", "signature"]),
        ]
        indexes = [models.Index(fields=["received_at"], name="delivery_by_age")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.received_at:%Y-%m-%d %H:%M:%S}"
