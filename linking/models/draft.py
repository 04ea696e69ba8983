"""What an administrator has entered about an integration and not saved yet."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from linking.core.config import SecretName
from linking.fields import SealedTextField, key_ring
from linking.models.integration import Integration, choices

DRAFT_LIFE = timedelta(days=7)


class DraftPurpose(models.TextChoices):
    """Which page keeps the draft."""

    GUIDE = "guide"
    FORM = "form"


class DraftQuerySet(models.QuerySet["IntegrationDraft"]):
    """Drafts of people; each sees only their own."""

    def alive(self, *, now: datetime) -> "DraftQuerySet":
        """Return those that were touched in the last seven days."""
        return self.filter(touched_at__gt=now - DRAFT_LIFE)

    def delete_stale(self, *, now: datetime) -> None:
        """Delete the others, with their secrets."""
        self.filter(touched_at__lte=now - DRAFT_LIFE).delete()


class IntegrationDraft(models.Model):
    """One person's unsaved settings: of a new integration, or of the one that is named.

    `values` holds what was typed, by key, whether or not it is any good: it is judged when it is saved. The token
    endpoint and the sync read integrations and never see a draft.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10, choices=DraftPurpose.choices)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, null=True, related_name="drafts")
    values = models.JSONField(default=dict)
    touched_at = models.DateTimeField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_draft_of_a_new_one", fields=["owner", "purpose"], condition=Q(integration__isnull=True)
            ),
            models.UniqueConstraint(
                name="one_draft_of_a_change",
                fields=["owner", "purpose", "integration"],
                condition=Q(integration__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["touched_at"], name="draft_by_age")]

    def __str__(self) -> str:
        return f"{self.owner_id}|{self.purpose}|{self.integration_id}"


class DraftSecret(models.Model):
    """A secret that was judged good, sealed at once, and belongs to a draft until that is saved."""

    draft = models.ForeignKey(IntegrationDraft, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=40, choices=choices(SecretName))
    sealed = SealedTextField()
    fingerprint = models.CharField(max_length=8)
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_draft_secret_a_name", fields=["draft", "name"])]

    def __str__(self) -> str:
        return f"{self.draft_id}|{self.name}"

    @property
    def place(self) -> str:
        """Where the sealed text belongs; it opens nowhere else."""
        return draft_secret_place(draft_id=self.draft_id, name=self.name)

    def reveal(self) -> str:
        """Return what was entered.

        Raises: SealBroken.
        """
        return key_ring().unseal(self.sealed, place=self.place)


def draft_secret_place(*, draft_id: int, name: str) -> str:
    """Return the place a draft's secret is sealed for."""
    return f"draft|{draft_id}|{name}"
