"""Who receives alarms about the sync, the incidents, and the messages about them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.fields import SealedTextField

WEBHOOK_PLACE = "alarm_settings|webhook"  # where the sealed address belongs; it opens nowhere else
MINUTES_DEFAULT = 15


class NoticeFrequency(models.TextChoices):
    """How often people are told of new conflicts at most."""

    NEVER = "never", _("Never")
    HOUR = "hour", _("At most once an hour")
    DAY = "day", _("At most once a day")


class AlarmSettings(models.Model):
    """Whom to tell: one row for the installation. An empty address means that nobody is told that way.

    A webhook's address is as good as a password at most services, so it is kept sealed; pages show `webhook_host`.
    """

    after_minutes = models.PositiveIntegerField(
        _("alarm after"),
        default=MINUTES_DEFAULT,
        validators=[MinValueValidator(5), MaxValueValidator(10_080)],
        help_text=_("Minutes without a complete sync before an alarm is sent. A sync is due every minute."),
    )
    mail_to = models.EmailField(_("send mail to"), blank=True)
    mail_from = models.EmailField(_("send mail from"), blank=True)
    webhook_sealed = SealedTextField(blank=True, editable=False)
    webhook_host = models.CharField(_("webhook"), max_length=255, blank=True, editable=False)
    conflicts_every = models.CharField(
        _("notices of new conflicts"),
        max_length=10,
        choices=NoticeFrequency.choices,
        default=NoticeFrequency.NEVER,
        db_default=NoticeFrequency.NEVER.value,
    )
    # Addresses with a comma between them.
    conflicts_mail_to = models.CharField(
        _("send notices by mail to"), max_length=500, blank=True, default="", db_default=""
    )
    conflicts_by_webhook = models.BooleanField(_("send notices to the webhook"), default=False, db_default=False)
    # The address under which an administrator opened this page last, for links in mails.
    dashboard_url = models.CharField(max_length=300, blank=True, default="", db_default="", editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("alarm settings")
        constraints = [models.CheckConstraint(name="alarm_settings_are_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @property
    def conflict_addresses(self) -> list[str]:
        """The mail addresses for notices of conflicts."""
        return [address for part in self.conflicts_mail_to.split(",") if (address := part.strip())]


class IncidentKind(models.TextChoices):
    """What is wrong with an integration's sync."""

    STALE = "stale", _("No complete sync for too long")
    CREDENTIALS = "credentials", _("Zendesk refused the access token")
    HOST = "host", _("Zendesk's address could not be used")
    SECRETS = "secrets", _("A secret is due for a change")


class Incident(models.Model):
    """Something that went wrong with a sync, from when to when; at most one open of a kind and integration."""

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=20, choices=IncidentKind.choices)
    began_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("incident"), _("incidents")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_incident_a_kind", fields=["integration", "kind"], condition=Q(over_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.integration_id}"


class AlarmChannel(models.TextChoices):
    """How an alarm is sent."""

    MAIL = "mail", _("Mail")
    WEBHOOK = "webhook", _("Webhook")


class AlarmMessage(models.Model):
    """One message to send: that an incident began, or that it is over. `next_try_at` is empty once that is settled."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="messages")
    channel = models.CharField(max_length=10, choices=AlarmChannel.choices)
    is_over = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("alarm message"), _("alarm messages")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_alarm_message_a_channel", fields=["incident", "channel", "is_over"]),
            models.CheckConstraint(
                name="alarm_message_sent_is_settled", condition=Q(sent_at__isnull=True) | Q(next_try_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="alarm_message_due", condition=Q(next_try_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.incident_id}"


class ConflictDigest(models.Model):
    """Up to when new conflicts and flags were told of, and when the next notice may be made; one row."""

    upto_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="conflict_digest_is_one_row", condition=Q(pk=1))]

    def __str__(self) -> str:
        return f"{self.upto_at:%Y-%m-%d %H:%M:%S}"


class ConflictNotice(models.Model):
    """One notice of new conflicts for one channel; `counts` holds numbers by kind and integration, and no names.

    `next_try_at` is empty once the notice is sent or given up.
    """

    channel = models.CharField(max_length=10, choices=AlarmChannel.choices)
    counts = models.JSONField()
    made_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("conflict notice"), _("conflict notices")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="conflict_notice_sent_is_settled", condition=Q(sent_at__isnull=True) | Q(next_try_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="conflict_notice_due", condition=Q(next_try_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.made_at:%Y-%m-%d %H:%M:%S}"
