"""The app that an admin uploads to Zendesk: a zip with a manifest, translations and two logos. It holds no secret.

The same settings make the same bytes, whatever the machine and the day.
Source: fact sheets of Zendesk, 9.2, and of Messaging accounts, section 11 (zip, manifest, parameters).
"""

import io
import ipaddress
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils import translation
from django.utils.translation import gettext as _

from linking.clients.vendor_urls import is_loopback_name
from linking.core.config import IntegrationConfig
from linking.core.text_marks import Sentence, gettext_noop

# Raised with every change of what is in the zip; Zendesk shows it beside the app.
APP_VERSION = "1.0.0"
DEFAULT_LANGUAGE = "en"
# The app's own setting: where a player is in Publisher Account, for a panel that did not get a signed start.
PUBLISHER_SETTING = "publisher_account_url"
NAME_MAX_CHARACTERS = 60
_LOGOS = Path(__file__).parent / "logos"
_LOGO_NAMES = ("logo-small.png", "logo.png")
# Zip has no earlier day.
_DAY = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
_USER_ID_PLACE = "{user_id}"


class AppRefused(Exception):
    """There is no such app; `sentence` says what to change, to be translated when it is shown."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.template)
        self.sentence = sentence


def find_file_name(slug: str) -> str:
    """Return what the zip of an integration is called."""
    return f"zdbridge-{slug}.zip"


def build_app(*, config: IntegrationConfig, panel_url: str, languages: Sequence[str]) -> bytes:
    """Return the zip for the integration whose panel is at `panel_url`.

    Args:
        languages: codes of the languages that the interface has; English is always among them.

    Raises: AppRefused.
    """
    url = _find_loadable_url(panel_url)
    files: dict[str, bytes] = {"manifest.json": _write_json(_build_manifest(config, url=url))}
    for language in sorted({DEFAULT_LANGUAGE, *languages}):
        with translation.override(language):
            files[f"translations/{language}.json"] = _write_json(_build_translation(config))
    for name in _LOGO_NAMES:
        files[f"assets/{name}"] = (_LOGOS / name).read_bytes()
    return _zip(files)


def _find_loadable_url(panel_url: str) -> str:
    """Return the address as Zendesk takes it: https, or this machine by its name. Raises: AppRefused."""
    parts = urlsplit(panel_url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return panel_url
    if not is_loopback_name(host):
        raise AppRefused(
            Sentence(
                gettext_noop(
                    "Zendesk loads an app over https only, and this address is {address}. Use an https address."
                ),
                {"address": f"{parts.scheme}://{parts.netloc}"},
            )
        )
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"localhost{port}").geturl()


def _build_manifest(config: IntegrationConfig, *, url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    place = {"url": url, "flexible": True}
    return {
        "name": _name_app(config),
        "author": {
            "name": "zdbridge",
            "email": f"noreply@{_find_mail_domain(parts.hostname or '')}",
            "url": f"{parts.scheme}://{parts.netloc}/",
        },
        "defaultLocale": DEFAULT_LANGUAGE,
        "private": True,
        "signedUrls": True,
        "frameworkVersion": "2.0",
        "version": APP_VERSION,
        "location": {
            "support": {"ticket_sidebar": place, "user_sidebar": place},
            "chat": {"chat_sidebar": place},
        },
        "parameters": [_build_parameter(config)],
    }


def _build_parameter(config: IntegrationConfig) -> dict[str, Any]:
    parameter: dict[str, Any] = {"name": PUBLISHER_SETTING, "type": "text", "required": False, "secure": False}
    address = _fill_publisher_address(config)
    return parameter | {"default": address} if address else parameter


def _fill_publisher_address(config: IntegrationConfig) -> str:
    """Return the address of a player in Publisher Account with `{user_id}` left open; "" where it cannot be told."""
    address = config.publisher_account_url_template
    values = {
        "{merchant_id}": config.merchant_id,
        "{project_id}": config.publisher_project_id,
        "{login_project_id}": config.login_project_id,
    }
    for place, value in values.items():
        if place in address and not value:
            return ""
        address = address.replace(place, quote(value, safe=""))
    return address if _USER_ID_PLACE in address else ""


def _build_translation(config: IntegrationConfig) -> dict[str, Any]:
    return {
        "app": {
            "name": _name_app(config),
            "short_description": _("Shows which player of Xsolla Login writes."),
            "long_description": _(
                "Beside a ticket, a chat or a user: the player in Xsolla Login, how far to trust it, the way to "
                "Publisher Account and to the record."
            ),
            "installation_instructions": _(
                "Install the app. Then copy its public key and the number of its installation into the settings of "
                "this integration in zdbridge."
            ),
            "parameters": {
                PUBLISHER_SETTING: {
                    "label": _("Address of a player in Publisher Account"),
                    "helpText": _(
                        "With {user_id} where the user ID belongs. The app uses it only while zdbridge cannot answer."
                    ),
                }
            },
        }
    }


def _name_app(config: IntegrationConfig) -> str:
    # An account may have several of them, one for each integration.
    return f"zdbridge: {config.name}"[:NAME_MAX_CHARACTERS].rstrip()


def _find_mail_domain(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if "." in host else "zdbridge.example"
    return "zdbridge.example"


def _write_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _zip(files: Mapping[str, bytes]) -> bytes:
    archive = io.BytesIO()
    # Stored and not packed: what packs them may differ from machine to machine, and they are small.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_DAY)
            entry.external_attr, entry.create_system = _PLAIN_FILE, 3
            file.writestr(entry, content)
    return archive.getvalue()
