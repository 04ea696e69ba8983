"""Login users who get no Zendesk JWT, however good their Login JWT is."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.models.integration import Integration


class BlockedUser(models.Model):
    """One block. It holds for a `user_id` whether or not that user was ever seen here."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="blocked_users")
    user_id = models.CharField(_("user ID"), max_length=255)
    blocked_at = models.DateTimeField(_("blocked at"))
    blocked_by = models.CharField(_("blocked by"), max_length=150)

    class Meta:
        verbose_name, verbose_name_plural = _("blocked player"), _("blocked players")
        ordering = ["-blocked_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="one_block_a_user", fields=["integration", "user_id"]),
            models.CheckConstraint(name="block_names_a_user", condition=~Q(user_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id}|{self.user_id}"
