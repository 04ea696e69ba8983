"""How an integration came by its access token: the connection an administrator made, and attempts at one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.core.secretbox import SealBroken
from linking.fields import SealedTextField, key_ring


class ConnectionState(models.TextChoices):
    """How a connection stands."""

    CONNECTED = "connected", _("Connected")
    RENEWING = "renewing", _("Renewing")
    LOST = "lost", _("Lost")


class ConnectionFlaw(models.TextChoices):
    """Why a connection is lost, and an administrator must connect again."""

    REFUSED = "refused", _("Zendesk refused the refresh token.")
    CLIENT = "client", _("Zendesk refused the client ID or the client secret.")
    ANSWER_LOST = "answer_lost", _("The answer to a renewal was lost.")
    ADDRESS = "address", _("The address of the Zendesk account was changed.")
    SEALED = "sealed", _("The refresh token cannot be opened.")


class ZendeskConnection(models.Model):
    """The connection of one integration; a row appears with the first one.

    The access token itself is the integration's secret, which the sync uses whatever its origin; `token_mark` is its
    fingerprint, by which it shows whether the connection's token is the one in force. The refresh token works once:
    `generation` rises with each one stored and each one claimed, so that a worker that comes late writes nothing.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="connection")
    state = models.CharField(max_length=10, choices=ConnectionState.choices, default=ConnectionState.CONNECTED)
    flaw = models.CharField(max_length=20, choices=ConnectionFlaw.choices, blank=True)
    authority = models.CharField(max_length=300)
    refresh_sealed = SealedTextField(blank=True)
    token_mark = models.CharField(max_length=8)
    scope = models.CharField(max_length=200, blank=True)
    generation = models.BigIntegerField(default=0)
    connected_at = models.DateTimeField()
    connected_by = models.CharField(max_length=150)
    renewed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    renew_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="connection_claim_has_a_time",
                condition=Q(state="renewing", claimed_at__isnull=False)
                | (~Q(state="renewing") & Q(claimed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="connection_lost_says_why",
                condition=(Q(state="lost", refresh_sealed="") & ~Q(flaw="")) | (~Q(state="lost") & Q(flaw="")),
            ),
        ]

    def __str__(self) -> str:
        return f"connection {self.integration_id} {self.state}"

    def refresh_token(self) -> str:
        """Return the refresh token, "" where there is none or it cannot be opened any more."""
        if not self.refresh_sealed:
            return ""
        try:
            return key_ring().unseal(self.refresh_sealed, place=refresh_place(integration_id=self.integration_id))
        except SealBroken:
            return ""


class ConnectAttempt(models.Model):
    """One way to Zendesk and back that is under way; the row goes when the browser is back, so it counts once.

    `state_mark` and `session_mark` are SHA-256 digests: who reads the table can take nobody's place.
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="connect_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    state_mark = models.CharField(max_length=64, unique=True)
    session_mark = models.CharField(max_length=64)
    redirect_url = models.CharField(max_length=500)
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"attempt {self.integration_id}"


def refresh_place(*, integration_id: int) -> str:
    """Return the place a refresh token is sealed for."""
    return f"connection|{integration_id}|refresh_token"


class ChatHost(models.Model):
    """The address found for an integration whose address is `auto`; a row appears with the first look.

    `subdomain`: what was looked for; an address found for another one is worth nothing. `url`: the address that
    answered as Chat does, "" before any did. `doubted_at`: since when calls to it failed.
    """

    integration = models.OneToOneField("linking.Integration", on_delete=models.CASCADE, related_name="chat_host")
    subdomain = models.CharField(max_length=63, blank=True)
    url = models.CharField(max_length=300, blank=True)
    looked_at = models.DateTimeField(null=True)
    doubted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.subdomain} {self.url}"
