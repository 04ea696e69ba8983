"""Login users who get no Zendesk JWT, however good their Login JWT is."""

from django.db import models
from django.db.models import Q

from linking.models.integration import Integration


class BlockedUser(models.Model):
    """One block. It holds for a `user_id` whether or not that user was ever seen here."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="blocked_users")
    user_id = models.CharField(max_length=255)
    blocked_at = models.DateTimeField()
    blocked_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-blocked_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="one_block_a_user", fields=["integration", "user_id"]),
            models.CheckConstraint(name="block_names_a_user", condition=~Q(user_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id}|{self.user_id}"
