"""One Login project joined to one Zendesk account, and its secrets."""

from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from linking.core.config import (
    EmailVerified,
    LoginAlgorithm,
    MissingEmail,
    Mode,
    SecretName,
    UserIdForm,
    ZendeskProduct,
)
from linking.fields import SealedTextField, key_ring
from linking.models.fingerprint import take_fingerprint
from linking.models.sql import bulk

PUBLISHER_URL_TEMPLATE = "https://publisher.xsolla.com/{merchant_id}/projects/{project_id}/login/users/{user_id}"


def choices(words: Any) -> list[tuple[str, str]]:
    """Return a StrEnum's words as choices of a field."""
    return [(word.value, word.value) for word in words]


class ConfigVersion(models.Model):
    """One row whose number rises with every change of any integration; processes watch it to refresh their snapshot."""

    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(name="config_version_is_one_row", condition=Q(pk=1))]

    @classmethod
    def bump(cls) -> None:
        """Raise the number, in the caller's transaction."""
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.create(pk=1, number=1)

    @classmethod
    def read(cls) -> int:
        """Return the number, 0 before the first change."""
        # Every process asks twice a second while tokens wait for the interpreter; a query set holds it for ten times as
        # long.
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT number FROM {bulk.table_name(cls)} WHERE id = 1")  # noqa: S608  a table of ours
            row = cursor.fetchone()
        return row[0] if row else 0


class Integration(models.Model):
    """Settings of one integration and where its sync stands."""

    slug = models.SlugField(_("slug"), max_length=50, unique=True)
    name = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)

    login_project_id = models.CharField(max_length=100, db_index=True)
    login_algorithm = models.CharField(max_length=5, choices=choices(LoginAlgorithm), default=LoginAlgorithm.HS256)
    cookie_name = models.CharField(
        max_length=100, default="token", validators=[RegexValidator(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")]
    )
    allowed_origins = models.JSONField(default=list, blank=True)
    missing_email = models.CharField(max_length=20, choices=choices(MissingEmail), default=MissingEmail.REFUSE)
    placeholder_domain = models.CharField(max_length=200, default="users.invalid")
    email_verified = models.CharField(max_length=20, choices=choices(EmailVerified), default=EmailVerified.NEVER)

    # Where the address and the name of a Login user stand, and what else a Messaging token takes over.
    email_claim = models.CharField(max_length=100, default="email")
    name_claim = models.CharField(max_length=100, blank=True)
    claim_map = models.JSONField(default=dict, blank=True)
    email_lookup = models.BooleanField(default=False)
    mode = models.CharField(max_length=10, choices=choices(Mode), default=Mode.ENFORCE)
    previous_login_secret_until = models.DateTimeField(null=True, blank=True)
    zendesk_secret_switch_at = models.DateTimeField(null=True, blank=True)

    zendesk_product = models.CharField(max_length=20, choices=choices(ZendeskProduct), default=ZendeskProduct.CHAT)
    zendesk_subdomain = models.CharField(max_length=63, blank=True)
    zendesk_account_key = models.CharField(max_length=100, blank=True)
    zendesk_key_id = models.CharField(max_length=100, blank=True)
    zendesk_api_url = models.CharField(max_length=300, blank=True)
    zendesk_client_id = models.CharField(max_length=100, blank=True)

    sync_enabled = models.BooleanField(default=True)
    sync_start = models.DateTimeField(null=True, blank=True)
    requests_per_minute = models.PositiveIntegerField(
        default=150, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    # For Messaging: Zendesk counts calls of the users export apart.
    export_requests_per_minute = models.PositiveIntegerField(
        default=20, db_default=20, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    user_id_form = models.CharField(
        max_length=10, choices=choices(UserIdForm), default=UserIdForm.UUID, db_default=UserIdForm.UUID.value
    )

    # The app inside Zendesk whose signed starts are believed: its public key (PEM) and its installation's address.
    zendesk_app_public_key = models.TextField(blank=True, default="", db_default="")
    zendesk_app_audience = models.CharField(max_length=200, blank=True, default="", db_default="")

    publisher_account_url_template = models.CharField(max_length=500, default=PUBLISHER_URL_TEMPLATE, blank=True)
    merchant_id = models.CharField(max_length=50, blank=True)
    publisher_project_id = models.CharField(max_length=50, blank=True)

    # Where the sync stands. The cursor is the update time (epoch seconds) and id of the last chat stored.
    cursor_epoch_s = models.BigIntegerField(null=True, editable=False)
    cursor_id = models.CharField(max_length=255, blank=True, editable=False)
    # True once a pass has read the export to its end; a pass after that starts again a little before the cursor.
    is_caught_up = models.BooleanField(default=False, editable=False)
    next_sync_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(_("last complete sync"), null=True, editable=False)
    # Users who signed in before this were compared with the visitors who wait; None before the first time.
    promoted_until = models.DateTimeField(null=True, editable=False)
    # When Zendesk last told of a chat by webhook; emptied by the pass that begins after it.
    poked_at = models.DateTimeField(null=True, editable=False)
    # A machine word (`credentials`, `host`) while only a person can get the sync going again.
    blocked_reason = models.CharField(_("sync stopped by"), max_length=30, blank=True, editable=False)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("integration"), _("integrations")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(name="integration_project_is_named", condition=~Q(login_project_id="")),
            models.CheckConstraint(
                name="integration_requests_in_bounds",
                condition=Q(requests_per_minute__gte=1, requests_per_minute__lte=100_000),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """One secret of an integration, sealed; who set it and when, and a fingerprint to tell it from another."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=40, choices=choices(SecretName))
    sealed = SealedTextField()
    fingerprint = models.CharField(max_length=8)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_secret_a_name", fields=["integration", "name"])]

    def __str__(self) -> str:
        return f"{self.integration_id}|{self.name}"

    @property
    def place(self) -> str:
        """Where the sealed text belongs; it opens nowhere else."""
        return secret_place(integration_id=self.integration_id, name=self.name)

    def reveal(self) -> str:
        """Return what was set: the value itself, or a reference `env:NAME` or `file:PATH`.

        Raises: SealBroken.
        """
        return key_ring().unseal(self.sealed, place=self.place)


def secret_place(*, integration_id: int, name: str) -> str:
    """Return the place a secret is sealed for, so that rows cannot be swapped."""
    return f"integration|{integration_id}|{name}"


def keep_secret(*, integration: Integration, name: SecretName, plain: str, actor: str, now: datetime) -> Secret:
    """Seal `plain` into its row, made or replaced, and return the row."""
    place = secret_place(integration_id=integration.pk, name=name)
    row, _created = Secret.objects.update_or_create(
        integration=integration,
        name=name,
        defaults={
            "sealed": key_ring().seal(plain, place=place),
            "fingerprint": take_fingerprint(plain),
            "set_at": now,
            "set_by": actor,
        },
    )
    return row
