"""The form of an integration: secrets are written and never rendered, every rule is the settings feature's."""

import time
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import integrations
from linking.admin.boxes import NamedDateTime
from linking.integrations.rules import RULES
from linking.limits import Limiter
from linking.models import Integration, Secret

FIELDS: dict[str, tuple[str, ...]] = {
    "login": (
        "login_project_id", "login_algorithm", "cookie_name", "allowed_origins", "missing_email", "placeholder_domain",
        "email_claim", "name_claim", "email_lookup", "mode",
    ),
    "zendesk": (
        "zendesk_product", "zendesk_subdomain", "zendesk_account_key", "zendesk_key_id", "zendesk_api_url",
        "zendesk_client_id",
        "email_verified", "claim_map",
    ),
    "rotation": ("previous_login_secret_until", "zendesk_secret_switch_at"),
    "sync": ("sync_enabled", "sync_start", "requests_per_minute"),
    "publisher": ("publisher_account_url_template", "merchant_id", "publisher_project_id"),
}  # fmt: skip
# A stolen session must not be able to try passwords here without end.
PASSWORD_TRIES_PER_MINUTE = 5
_tries = Limiter(per_minute=PASSWORD_TRIES_PER_MINUTE)


def remove_box(name: str) -> str:
    """Return the name of the box that removes a secret."""
    return f"remove_{name}"


def _password_box(label: Any, *, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": autocomplete, "class": "vURLField"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget)


class OriginsField(forms.CharField):
    """A list of origins, one a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """Return the lines that are not empty."""
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """Return a list as lines; what somebody just typed stays as it is."""
        return "\n".join(str(one) for one in value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the list is another one."""
        return list(initial or []) != self.to_python(data)


class ClaimMapField(forms.CharField):
    """Pairs `name = claim`, one a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        """Return the pairs. Raises: ValidationError for a line that is none, or a name that stands twice."""
        lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        pairs = [line.partition("=") for line in lines]
        found = {name.strip(): claim.strip() for name, _equals, claim in pairs}
        if len(found) != len(pairs) or not all(equals for _name, equals, _claim in pairs):
            raise ValidationError(_("Write one pair a line, each name once: locale = partner_data.locale"))
        return found

    def prepare_value(self, value: Any) -> Any:
        """Return the pairs as lines; what somebody just typed stays as it is."""
        return "\n".join(f"{name} = {claim}" for name, claim in value.items()) if isinstance(value, dict) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the pairs are other ones, which a line that is no pair is."""
        try:
            return dict(initial or {}) != self.to_python(data)
        except ValidationError:
            return True


class IntegrationForm(forms.ModelForm):
    """Settings and secrets; a changed secret asks for the person's own password again."""

    person: Any = None
    allowed_origins = OriginsField(required=False, help_text=gettext_lazy("One a line, such as https://shop.example"))
    claim_map = ClaimMapField(
        required=False,
        label=gettext_lazy("Further claims"),
        help_text=gettext_lazy("For messaging only; one pair a line: vip = partner_data.vip"),
    )
    login_secret_key = _password_box(gettext_lazy("Login secret key"), autocomplete="new-password")
    login_secret_key_previous = _password_box(gettext_lazy("Previous login secret key"), autocomplete="new-password")
    zendesk_shared_secret = _password_box(gettext_lazy("Zendesk shared secret"), autocomplete="new-password")
    zendesk_shared_secret_next = _password_box(gettext_lazy("Next Zendesk shared secret"), autocomplete="new-password")
    zendesk_access_token = _password_box(gettext_lazy("Zendesk access token"), autocomplete="new-password")
    zendesk_client_secret = _password_box(gettext_lazy("Zendesk client secret"), autocomplete="new-password")
    zendesk_webhook_secret = _password_box(gettext_lazy("Zendesk webhook signing secret"), autocomplete="new-password")
    remove_login_secret_key = forms.BooleanField(required=False, label=gettext_lazy("Remove the login secret key"))
    remove_login_secret_key_previous = forms.BooleanField(required=False, label=gettext_lazy("Remove the previous key"))
    remove_zendesk_shared_secret_next = forms.BooleanField(required=False, label=gettext_lazy("Remove the next secret"))
    remove_zendesk_shared_secret = forms.BooleanField(required=False, label=gettext_lazy("Remove the shared secret"))
    remove_zendesk_access_token = forms.BooleanField(required=False, label=gettext_lazy("Remove the access token"))
    remove_zendesk_client_secret = forms.BooleanField(required=False, label=gettext_lazy("Remove the client secret"))
    remove_zendesk_webhook_secret = forms.BooleanField(required=False, label=gettext_lazy("Remove the webhook secret"))
    own_password = _password_box(gettext_lazy("Your own password"), autocomplete="current-password")

    class Meta:
        model = Integration
        fields = ("slug", *RULES)
        # Wide enough to be read whole: what is cut off hides a wrong letter.
        widgets: ClassVar[dict[str, Any]] = {
            name: forms.TextInput(attrs={"class": "vURLField", "spellcheck": "false"})
            for name in ("login_project_id", "zendesk_account_key", "zendesk_api_url", "publisher_account_url_template")
        }
        labels: ClassVar[dict[str, Any]] = {
            "login_project_id": gettext_lazy("Login project ID"),
            "missing_email": gettext_lazy("Without an e-mail address"),
            "email_verified": gettext_lazy("E-mail counts as verified"),
            "email_claim": gettext_lazy("Claim of the e-mail address"),
            "name_claim": gettext_lazy("Claim of the name"),
            "email_lookup": gettext_lazy("Ask Login for a missing address"),
            "previous_login_secret_until": gettext_lazy("Previous login key good until"),
            "zendesk_secret_switch_at": gettext_lazy("Switch to the next Zendesk secret at"),
            "zendesk_key_id": gettext_lazy("Zendesk key ID"),
            "zendesk_api_url": gettext_lazy("Zendesk API address"),
            "zendesk_client_id": gettext_lazy("Zendesk client ID"),
            "publisher_account_url_template": gettext_lazy("Address of a user's page"),
            "merchant_id": gettext_lazy("Merchant ID"),
            "publisher_project_id": gettext_lazy("Project ID"),
        }
        help_texts: ClassVar[dict[str, Any]] = {
            "zendesk_subdomain": gettext_lazy("acme for acme.zendesk.com"),
            "zendesk_key_id": gettext_lazy("For messaging only."),
            "name_claim": gettext_lazy("Empty: the e-mail address, then username, then name."),
            "mode": gettext_lazy(
                "observe: refuses only what the vendor's sample service refused, and counts the rest."
            ),
            "previous_login_secret_until": gettext_lazy(
                "Set it together with a new login secret key: the old one is accepted until then (your time zone)."
            ),
            "zendesk_secret_switch_at": gettext_lazy(
                "From then on (your time zone) the next secret signs. Zendesk knows one secret at a time: at the "
                "switch visitors can drop for about five minutes, so choose a quiet time."
            ),
            "zendesk_api_url": gettext_lazy("Empty: made from the subdomain. auto: the one that is found to answer."),
            "zendesk_client_id": gettext_lazy("Of the API client by which Connect with Zendesk gets the access token."),
            "sync_start": gettext_lazy("Chats before this time (your time zone) are not read. Empty: all."),
            "requests_per_minute": gettext_lazy("Calls to Zendesk; the account's own limit is 200."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = (
            {row.name: row for row in Secret.objects.filter(integration_id=self.instance.pk)}
            if self.instance.pk
            else {}
        )
        for name in integrations.SECRET_NAMES:
            self.fields[name].help_text = _state_of(held.get(name))
        for field in self.fields.values():
            if isinstance(field.widget, NamedDateTime):
                field.widget.label = field.label or ""
        self.fields["own_password"].help_text = _("Needed when a secret is set or removed.")

    @property
    def changed_data(self) -> list[str]:
        """Return the boxes that changed, for the record: the person's own password is none of them."""
        return [name for name in super().changed_data if name != "own_password"]

    def values(self) -> dict[str, object]:
        """Return what the settings feature is to store; boxes of secrets left empty keep what is set."""
        data = self.cleaned_data
        values: dict[str, object] = {key: data[key] for key in RULES if key in data}
        for name in integrations.SECRET_NAMES:
            if data.get(name):
                values[name] = data[name]
            elif data.get(remove_box(name)):
                values[name] = None
        return values

    def clean(self) -> dict[str, Any]:
        """Ask the settings feature, and for the password where a secret changes."""
        super().clean()
        values = self.values()
        if any(name in values for name in integrations.SECRET_NAMES):
            self._check_password()
        for name in integrations.SECRET_NAMES:
            if self.cleaned_data.get(name) and self.cleaned_data.get(remove_box(name)):
                self.add_error(name, _("Either set it or remove it."))
        try:
            integrations.judge_integration(
                slug=self.cleaned_data.get("slug") or self.instance.slug,
                values=values,
                now=timezone.now(),
                allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
            )
        except integrations.BadIntegration as error:
            for key, sentence in error.problems.items():
                # A box that is wrong already has its say.
                if key not in self.errors:
                    self.add_error(key if key in self.fields else None, f"{_('This')} {sentence}")
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Say at each secret that was typed that it has to be typed again: none is sent back to the browser."""
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            return
        for name in (*integrations.SECRET_NAMES, "own_password"):
            if self.data.get(self.add_prefix(name)):
                self.add_error(name, _("Enter it again: nothing was saved, and no secret is kept in the form."))

    def label_of(self, name: str) -> str:
        """Return what the box of a setting is called on the page; the name itself where there is no such box."""
        return str(self.fields[name].label) if name in self.fields else name

    def _check_password(self) -> None:
        flaw = "" if self.person is None else find_password_flaw(self.person, self.cleaned_data.get("own_password", ""))
        if flaw:
            self.add_error("own_password", ValidationError(flaw))


def find_password_flaw(person: Any, password: str) -> str:
    """Return a sentence on why `password` does not show that it is `person` who asks, "" when it does."""
    # Somebody who signs in through an identity provider has no password to be asked for.
    if not person.has_usable_password():
        return ""
    if _tries.wait_s(key=str(person.pk), now=time.time()):
        return _("Too many tries. Wait a minute.")
    return "" if person.check_password(password) else _("This is not your password.")


def _state_of(secret: Secret | None) -> str:
    if secret is None:
        return _("Not set.")
    return _("Set on %(day)s by %(who)s, fingerprint %(mark)s. Leave empty to keep it.") % {
        "day": date_format(localtime(secret.set_at), "DATETIME_FORMAT"),
        "who": secret.set_by,
        "mark": secret.fingerprint,
    }
