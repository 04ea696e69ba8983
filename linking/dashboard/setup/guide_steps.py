"""The steps of the guided path to an integration: what each asks for, and where that is found at the vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import integrations
from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.shell.parts import Text
from linking.models import LoginAlgorithm, SecretName, ZendeskProduct

TYPED_MAX_CHARACTERS = 5000
PRODUCT, LOGIN, ZENDESK, ORIGINS, REVIEW = "product", "login", "zendesk", "origins", "review"
TITLES: Mapping[str, Text] = MappingProxyType(
    {
        PRODUCT: gettext_lazy("Product"),
        LOGIN: gettext_lazy("Login project"),
        ZENDESK: gettext_lazy("Zendesk"),
        ORIGINS: gettext_lazy("Pages"),
        REVIEW: gettext_lazy("Review"),
    }
)
ORDER = tuple(TITLES)
# Why a step asks, in one sentence.
PURPOSES: Mapping[str, Text] = MappingProxyType(
    {
        PRODUCT: gettext_lazy("Which Zendesk product do your players write in?"),
        LOGIN: gettext_lazy(
            "The Login project that your players sign in to. zdbridge checks their tokens with its key."
        ),
        ZENDESK: gettext_lazy("The Zendesk account that your support team works in."),
        ORIGINS: gettext_lazy("The pages that show the widget. No other page can get a token."),
        REVIEW: gettext_lazy("Check everything, and create the integration. Nothing is in use before that."),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideBox:
    """One box of a step: its words, and what it holds.

    `place` says where the value is found at the vendor, "" where the help says enough. Of a secret only `kept_mark` is
    known, the fingerprint of the one that is kept, "" for none.
    """

    name: str
    label: Text
    help: Text = ""
    place: Text = ""
    value: str = ""
    choices: tuple[tuple[str, Text], ...] = ()
    is_secret: bool = False
    is_testable: bool = False
    is_long: bool = False
    is_needed: bool = True
    kept_mark: str = ""
    problem: str = ""
    warning: str = ""

    @property
    def description_ids(self) -> str:
        """Return the ids of the texts that belong to the box."""
        texts = {"help": self.help, "place": self.place, "kept": self.kept_mark}
        texts |= {"problem": self.problem, "warning": self.warning}
        return " ".join(f"{kind}-{self.name}" for kind, text in texts.items() if text)


def list_boxes(step: str, *, product: str) -> tuple[GuideBox, ...]:
    """Return the boxes of a step, empty."""
    if step == LOGIN:
        return _list_login_boxes()
    if step == ZENDESK:
        return _list_chat_boxes() if product == ZendeskProduct.CHAT else _list_messaging_boxes()
    return (_build_setting("allowed_origins", is_long=True),) if step == ORIGINS else ()


def list_foreign_keys(product: str) -> frozenset[str]:
    """Return the boxes of the other product: what stands there after a change of mind is not saved."""
    own, others = ({box.name for box in list_boxes(ZENDESK, product=one)} for one in (product, _OTHER[product]))
    return frozenset(others - own)


_OTHER: Mapping[str, str] = MappingProxyType(
    {ZendeskProduct.CHAT: ZendeskProduct.MESSAGING, ZendeskProduct.MESSAGING: ZendeskProduct.CHAT}
)


def _list_login_boxes() -> tuple[GuideBox, ...]:
    place = _(
        "In Publisher Account, open Login and your Login project. The ID is in the address and on the project's card."
    )
    key_place = _("In Publisher Account, open Login, Security. Needed for HS256 only.")
    return (
        _build_setting("login_project_id", place=place),
        _build_setting("login_algorithm"),
        _build_secret(SecretName.LOGIN_SECRET_KEY, place=key_place, is_needed=False),
    )


def _list_chat_boxes() -> tuple[GuideBox, ...]:
    words = find_setup_words(ZendeskProduct.CHAT)
    later = _(
        "A Chat token of an administrator with the scope read. Or leave this empty, and connect with Zendesk in the "
        "browser afterwards: nothing has to be copied then."
    )
    return (
        _build_setting("zendesk_subdomain"),
        _build_secret(SecretName.ZENDESK_SHARED_SECRET, place=words.key_todo),
        _build_secret(SecretName.ZENDESK_ACCESS_TOKEN, place=later, is_needed=False),
    )


def _list_messaging_boxes() -> tuple[GuideBox, ...]:
    words = find_setup_words(ZendeskProduct.MESSAGING)
    return (
        _build_setting("zendesk_subdomain"),
        _build_setting("zendesk_key_id", place=words.key_todo),
        _build_secret(SecretName.ZENDESK_SHARED_SECRET),
        _build_setting("zendesk_client_id", place=words.access_todo),
        _build_secret(SecretName.ZENDESK_CLIENT_SECRET),
    )


def _build_setting(name: str, *, place: Text = "", is_long: bool = False) -> GuideBox:
    setting = next(row for row in integrations.SETTINGS if row.name == name)
    return GuideBox(
        name=name,
        label=setting.label,
        # What a place says is more than the general help.
        help="" if place else setting.help,
        place=place,
        choices=tuple((str(word), label) for word, label in setting.choices.items()),
        is_long=is_long,
    )


def _build_secret(name: SecretName, *, place: Text = "", is_needed: bool = True) -> GuideBox:
    secret = next(row for row in integrations.SECRETS if row.name == name)
    return GuideBox(
        name=name.value,
        label=secret.label,
        place=place,
        is_secret=True,
        is_testable=integrations.is_testable(name),
        is_needed=is_needed,
    )


def read_setting(name: str, text: str) -> Any:
    """Return what was typed into a setting's box as the settings feature takes it."""
    text = text[:TYPED_MAX_CHARACTERS]
    if name == "allowed_origins":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.strip()


def write_setting(value: Any) -> str:
    """Return a setting's value as its box shows it."""
    return "\n".join(str(one) for one in value) if isinstance(value, list) else str(value or "")


def find_next(step: str) -> str:
    """Return the step after this one."""
    return ORDER[ORDER.index(step) + 1]


def find_before(step: str) -> str:
    """Return the step before this one, "" for the first."""
    place = ORDER.index(step)
    return ORDER[place - 1] if place else ""


def is_key_needed(values: Mapping[str, Any]) -> bool:
    """Return whether the Login project signs with a secret key."""
    return values.get("login_algorithm", LoginAlgorithm.HS256) != LoginAlgorithm.RS256
