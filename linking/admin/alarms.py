"""The alarm settings in the admin: one row, whose webhook is written and never shown."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.models import AlarmChannel, AlarmSettings, AuditEvent, NoticeFrequency
from linking.monitoring import alarms, conflict_notices

WEBHOOK_MAX_CHARACTERS = 300
ADDRESSES_MAX = 10
_NOTICES = {
    AlarmChannel.MAIL: gettext_lazy("Notices by mail"),
    AlarmChannel.WEBHOOK: gettext_lazy("Notices by webhook"),
}


class AlarmForm(forms.ModelForm):
    """The form; the address of the webhook is as good as a password, so it is never shown."""

    webhook = forms.CharField(
        label=gettext_lazy("Webhook"),
        required=False,
        max_length=WEBHOOK_MAX_CHARACTERS,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text=gettext_lazy("An https:// address that accepts a POST with JSON (text, state, kind, integration)."),
    )
    remove_webhook = forms.BooleanField(label=gettext_lazy("Remove the webhook"), required=False)

    class Meta:
        model = AlarmSettings
        fields = (
            "after_minutes",
            "mail_to",
            "mail_from",
            "conflicts_every",
            "conflicts_mail_to",
            "conflicts_by_webhook",
        )
        help_texts = {
            "conflicts_every": gettext_lazy(
                "Tells how many conflicts are new or flagged, by kind and integration, without names. Nothing is sent "
                "while nothing is new."
            ),
            "conflicts_mail_to": gettext_lazy("One address or several, with a comma between them."),
            "conflicts_by_webhook": gettext_lazy("Uses the webhook above."),
            "mail_to": gettext_lazy("The mail server is the one in EMAIL_URL."),
            "mail_from": gettext_lazy("If empty, the sender is ZDBRIDGE_MAIL_FROM."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.webhook_host:
            sentence = _("An address at %(host)s is stored. Leave the box empty to keep it.")
            self.fields["webhook"].help_text = sentence % {"host": self.instance.webhook_host}

    def clean_conflicts_mail_to(self) -> str:
        """Return the addresses with a comma between them.

        Raises: ValidationError for one that is no address, or for too many.
        """
        addresses = [part.strip() for part in self.cleaned_data["conflicts_mail_to"].split(",") if part.strip()]
        if len(addresses) > ADDRESSES_MAX:
            raise forms.ValidationError(_("At most %s addresses, please.") % ADDRESSES_MAX)
        for address in addresses:
            forms.EmailField().clean(address)
        return ", ".join(addresses)

    def clean_webhook(self) -> str:
        """Return the address.

        Raises: ValidationError when it may not be called.
        """
        url = str(self.cleaned_data["webhook"]).strip()
        allow_loopback = bool(settings.LINKING["ALLOW_LOOPBACK"])
        flaw = alarms.find_webhook_flaw(url, allow_loopback=allow_loopback) if url else ""
        if flaw:
            raise forms.ValidationError(flaw)
        return url


@admin.register(AlarmSettings)
class AlarmSettingsAdmin(admin.ModelAdmin):
    """There is one row."""

    form = AlarmForm
    change_form_template = "admin/linking/alarmsettings/change_form.html"
    list_display = ("__str__", "after_minutes", "mail_to", "webhook_host")
    actions = None
    fieldsets = (
        (gettext_lazy("Alarms"), {"fields": ("after_minutes", "mail_to", "mail_from", "webhook", "remove_webhook")}),
        (
            gettext_lazy("New conflicts"),
            {"fields": ("conflicts_every", "conflicts_mail_to", "conflicts_by_webhook")},
        ),
    )

    def has_add_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False: the row makes itself."""
        return False

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False: empty boxes mean that nobody is told."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the one row, which the first look makes."""
        AlarmSettings.objects.get_or_create(pk=1)
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: AlarmSettings, form: Any, *_args: Any) -> None:
        """Store the row, with the webhook where one was given or taken away."""
        if form.cleaned_data["webhook"] or form.cleaned_data["remove_webhook"]:
            alarms.keep_webhook(settings=obj, url=form.cleaned_data["webhook"])
        # Mails are sent without a request, so the address for their links is the one that an administrator uses.
        obj.dashboard_url = request.build_absolute_uri("/").rstrip("/")[:300]
        obj.save()
        _record(request, action="set_alarm", fields=sorted(form.changed_data))
        if not (obj.mail_to or obj.webhook_sealed):
            messages.warning(request, _("Neither mail nor webhook is set, so no one is alerted."))
        if obj.conflicts_every != NoticeFrequency.NEVER and not conflict_notices.list_channels(settings=obj):
            messages.warning(request, _("Notices of conflicts have neither an address nor a webhook, so none is sent."))
        if (obj.mail_to or obj.conflicts_mail_to) and not settings.LINKING["HAS_MAIL"]:
            messages.warning(
                request, _("No mail can be sent, because no mail server is set. The operator can set EMAIL_URL.")
            )

    def response_change(self, request: HttpRequest, obj: AlarmSettings) -> HttpResponse:
        """Send a test where that was asked for, by every channel, and say how each went."""
        if "_test" not in request.POST:
            return super().response_change(request, obj)
        channels = alarms.list_channels(settings=obj)
        allow_loopback = bool(settings.LINKING["ALLOW_LOOPBACK"])
        for channel in channels:
            send = partial(alarms.send_test, settings=obj, channel=channel, allow_loopback=allow_loopback)
            _send_test(request, send=send, name=channel.label)
        for channel in conflict_notices.list_channels(settings=obj):
            send = partial(conflict_notices.send_test, settings=obj, channel=channel, allow_loopback=allow_loopback)
            _send_test(request, send=send, name=_NOTICES[channel])
        _record(request, action="alarm.tested", fields=[channel.value for channel in channels])
        return HttpResponseRedirect(request.get_full_path())


def _send_test(request: HttpRequest, *, send: Callable[[], None], name: object) -> None:
    values = {"channel": name}
    try:
        send()
    except alarms.AlarmNotSent as error:
        messages.error(request, _("%(channel)s: the test failed. %(why)s") % (values | {"why": str(error)}))
    else:
        messages.success(request, _("%(channel)s: the test was sent.") % values)


def _record(request: HttpRequest, *, action: str, fields: list[str]) -> None:
    AuditEvent.objects.create(
        at=timezone.now(),
        actor=request.user.get_username(),
        actor_user=cast("User", request.user),
        action=action,
        target="alarm settings",
        fields=fields,
    )
