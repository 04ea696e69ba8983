"""The form of an integration: secrets are written and never rendered, every rule is the settings feature's."""

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
from linking.admin.integration_sections import remove_box
from linking.models import DraftPurpose, Integration, Secret


def _password_box(label: Any, *, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": autocomplete, "class": "vURLField"})
    return forms.CharField(label=label, required=False, strip=False, widget=widget)


_KEPT = gettext_lazy("Kept, sealed, until you save. Enter again to change.")


class OriginsField(forms.CharField):
    """A list of origins, one a line."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

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
            raise ValidationError(_("Write one pair per line, and each name once: locale = partner_data.locale"))
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
    proven_s_ago: float = float("inf")
    allowed_origins = OriginsField(required=False)
    claim_map = ClaimMapField(required=False)
    own_password = _password_box(gettext_lazy("Your own password"), autocomplete="current-password")

    class Meta:
        model = Integration
        fields = ("slug", *integrations.RULES)
        # Wide enough to be read whole: what is cut off hides a wrong letter.
        widgets: ClassVar[dict[str, Any]] = {
            setting.name: forms.TextInput(attrs={"class": "vURLField", "spellcheck": "false"})
            for setting in integrations.SETTINGS
            if setting.is_wide
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        held = (
            {row.name: row for row in Secret.objects.filter(integration_id=self.instance.pk)}
            if self.instance.pk
            else {}
        )
        for setting in integrations.SETTINGS:
            # Who may only look has no boxes of settings.
            if setting.name in self.fields:
                _apply(setting, field=self.fields[setting.name])
        self._kept = self._open_kept()
        for name in integrations.SECRET_NAMES:
            self.fields[name].help_text = _KEPT if name in self._kept else _state_of(held.get(name))
        if "slug" in self.fields:
            self.fields["slug"].required = False
            self.fields["slug"].help_text = _("The short name in addresses and commands. If empty, made from the name.")
        for field in self.fields.values():
            if isinstance(field.widget, NamedDateTime):
                field.widget.label = field.label or ""
        self.fields["own_password"].help_text = _("Required to set or remove a secret.")

    @property
    def changed_data(self) -> list[str]:
        """Return the boxes that changed, for the record: the person's own password is none of them."""
        changed = [name for name in super().changed_data if name != "own_password"]
        return [*changed, *(name for name in self._kept if name not in changed)]

    def values(self) -> dict[str, object]:
        """Return what the settings feature is to store; boxes of secrets left empty keep what is set."""
        data = self.cleaned_data
        values: dict[str, object] = {key: data[key] for key in integrations.RULES if key in data}
        for name in integrations.SECRET_NAMES:
            if data.get(name):
                values[name] = data[name]
            elif data.get(remove_box(name)):
                values[name] = None
            elif name in self._kept:
                values[name] = self._kept[name]
        return values

    def clean(self) -> dict[str, Any]:
        """Ask the settings feature, and for the password where a secret changes."""
        super().clean()
        if "slug" in self.fields and not self.cleaned_data.get("slug") and "slug" not in self.errors:
            self.cleaned_data["slug"] = integrations.propose_slug(self.cleaned_data.get("name", ""))
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
                    self.add_error(key if key in self.fields else None, sentence)
        return self.cleaned_data

    def _post_clean(self) -> None:
        """Keep the good secrets where something else is wrong: sealed, and none is sent back to the browser."""
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            return
        typed = {name: str(self.cleaned_data.get(name) or "") for name in integrations.SECRET_NAMES}
        good = {name: plain for name, plain in typed.items() if plain and name not in self.errors}
        if good and self.person is not None:
            integrations.keep_draft(
                owner=self.person,
                purpose=DraftPurpose.FORM,
                integration=self._find_stored(),
                values={},
                secrets=good,
                now=timezone.now(),
            )
        for name in good:
            self.fields[name].help_text = _KEPT
        if self.data.get(self.add_prefix("own_password")) and "own_password" not in self.errors:
            self.add_error("own_password", _("Enter it again. Nothing was saved, and the form does not keep it."))

    def _open_kept(self) -> dict[str, str]:
        """Return the secrets that earlier tries of this form left, where this is another try."""
        if not self.is_bound or self.person is None:
            return {}
        draft = integrations.find_draft(
            owner=self.person, purpose=DraftPurpose.FORM, integration=self._find_stored(), now=timezone.now()
        )
        return {} if draft is None else integrations.open_secrets(draft)

    def _find_stored(self) -> Integration | None:
        return self.instance if self.instance.pk else None

    def label_of(self, name: str) -> str:
        """Return what the box of a setting is called on the page; the name itself where there is no such box."""
        return str(self.fields[name].label) if name in self.fields else name

    def _check_password(self) -> None:
        password = self.cleaned_data.get("own_password", "")
        flaw = (
            ""
            if self.person is None
            else integrations.find_password_flaw(self.person, password, proven_s_ago=self.proven_s_ago)
        )
        if flaw:
            self.add_error("own_password", ValidationError(flaw))


def _make_secret_boxes() -> dict[str, forms.Field]:
    boxes: dict[str, forms.Field] = {}
    for secret in integrations.SECRETS:
        boxes[secret.name] = _password_box(secret.label, autocomplete="new-password")
        remove_label: Any = secret.remove_label
        boxes[remove_box(secret.name)] = forms.BooleanField(required=False, label=remove_label)
    return boxes


# Both: the first makes this form's boxes, the second those of the form that the admin derives from it.
_SECRET_BOXES = _make_secret_boxes()
IntegrationForm.base_fields.update(_SECRET_BOXES)
IntegrationForm.declared_fields.update(_SECRET_BOXES)


def _apply(setting: integrations.Setting, *, field: Any) -> None:
    """Give the box of a setting its words."""
    field.label, field.help_text = setting.label, setting.help
    if setting.choices:
        field.choices = [(str(word), label) for word, label in setting.choices.items()]


def _state_of(secret: Secret | None) -> str:
    if secret is None:
        return _("Not set.")
    return _("Set on %(day)s by %(who)s, fingerprint %(mark)s. Leave the box empty to keep it.") % {
        "day": date_format(localtime(secret.set_at), "DATETIME_FORMAT"),
        "who": secret.set_by,
        "mark": secret.fingerprint,
    }
