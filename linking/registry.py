"""The configuration in force: an immutable snapshot in this process, swapped by one assignment.

A thread looks once a second whether `ConfigVersion` moved, so that every process follows a change within about a
second and no request ever waits for the database. When the database is away the last good snapshot stays.
"""

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.db import Error as StoreError
from django.db import close_old_connections, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from linking.clients.vendor_urls import AUTO, chat_address, support_address
from linking.core.config import IntegrationConfig, Snapshot, ZendeskProduct, snapshot_of
from linking.core.secretbox import SealBroken
from linking.models import ChatHost, ConfigVersion, Integration, Secret

REFRESH_EVERY_S = 0.5
REFERENCE_MAX_BYTES = 65_536
_ENV, _FILE = "env:", "file:"

logger = logging.getLogger(__name__)
_SEALED = gettext_noop("It cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.")


class SecretUnavailable(Exception):
    """The reference of a secret leads nowhere; the message is a sentence and names the reference, never a value."""


class NoSuchIntegration(LookupError):
    """No integration has this slug."""


class _Beside:
    # The environment of the processes that serve, where this is a command beside them; None where nobody knows it.
    environment: Mapping[str, str] | None = None


class _InForce:
    snapshot: Snapshot | None = None
    is_stale: bool = False
    has_references: bool = False
    lock = threading.Lock()
    thread: threading.Thread | None = None


def current() -> Snapshot:
    """Return the snapshot in force; the first call of a process reads it from the database."""
    snapshot = _InForce.snapshot
    return refresh() if snapshot is None else snapshot


def last_good() -> Snapshot | None:
    """Return the snapshot in force, None before the first one was read; never asks the database."""
    return _InForce.snapshot


def is_stale() -> bool:
    """Return whether the last look at the database failed, so that an older snapshot is being used."""
    return _InForce.is_stale


def refresh() -> Snapshot:
    """Read the configuration anew, put it in force and return it.

    Raises: django.db.Error when the database is away.
    """
    with _InForce.lock:
        found, before = _read(), _InForce.snapshot
        # What has not changed stays the same object: verdicts about tokens are kept by it.
        snapshot = before if found == before and before is not None else found
        _InForce.snapshot, _InForce.is_stale = snapshot, False
        return snapshot


def forget() -> None:
    """Drop the snapshot, so that the next call of `current` reads the database."""
    with _InForce.lock:
        _InForce.snapshot, _InForce.is_stale = None, False


def start_refreshing() -> None:
    """Keep the snapshot fresh from a thread of this process; a second call changes nothing."""
    with _InForce.lock:
        if _InForce.thread is None:
            _InForce.thread = threading.Thread(target=_keep_fresh, name="registry", daemon=True)
            _InForce.thread.start()


def config_of(integration: Integration) -> tuple[IntegrationConfig, tuple[str, ...]]:
    """Return the settings of one row with its secrets opened, and a sentence for each secret that cannot be used."""
    secrets: dict[str, str] = {}
    flaws: dict[str, str] = {}
    for row in integration.secrets.all():
        try:
            plain = row.reveal()
            _InForce.has_references |= is_reference(plain)
            secrets[row.name] = resolve(plain)
        except SealBroken:
            flaws[row.name] = _(_SEALED)
        except SecretUnavailable as error:
            flaws[row.name] = str(error)
    sentence = _("Integration %(slug)s: %(name)s cannot be used. %(why)s")
    problems = (sentence % {"slug": integration.slug, "name": name, "why": flaw} for name, flaw in flaws.items())
    return build_config(integration=integration, secrets=secrets), tuple(problems)


def know_running(environment: Mapping[str, str] | None) -> None:
    """Tell this process, a command, what the processes that serve have in their environment."""
    _Beside.environment = environment


def find_unshared(plain: str) -> str:
    """Return a sentence if the serving processes lack the variable that a secret refers to; else ""."""
    name = plain.removeprefix(_ENV)
    if not plain.startswith(_ENV) or _Beside.environment is None or _Beside.environment.get(name):
        return ""
    return _("The variable %(name)s is set in this shell only. Restart the running `up` with it.") % {"name": name}


def is_reference(plain: str) -> bool:
    """Return whether a secret was given as `env:NAME` or `file:PATH`."""
    return plain.startswith((_ENV, _FILE))


def resolve(plain: str) -> str:
    """Return a secret's value: itself, or what `env:NAME` or `file:PATH` holds at this moment.

    A command beside the processes that serve also sees the variables that they have.

    Raises: SecretUnavailable.
    """
    if plain.startswith(_ENV):
        name = plain.removeprefix(_ENV)
        value = os.environ.get(name) or (_Beside.environment or {}).get(name, "")
        if not value:
            raise SecretUnavailable(_("The variable %(name)s is not set or is empty.") % {"name": name})
        return value
    if plain.startswith(_FILE):
        return _content(Path(plain.removeprefix(_FILE)))
    return plain


def find_secret_flaw(secret: Secret) -> str:
    """Return a sentence on why this process cannot use a stored secret; "" when it can."""
    try:
        resolve(secret.reveal())
    except SealBroken:
        return _(_SEALED)
    except SecretUnavailable as error:
        return str(error)
    return ""


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            value = file.read(REFERENCE_MAX_BYTES).decode().removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:  # no such file, no such path, no text
        sentence = _("The file %(path)s cannot be read (%(error)s).")
        raise SecretUnavailable(sentence % {"path": path, "error": type(error).__name__}) from error
    if not value:
        raise SecretUnavailable(_("The file %(path)s is empty.") % {"path": path})
    return value


def _read() -> Snapshot:
    # The version first: a change between the two reads is then seen at the next look, never missed.
    version = ConfigVersion.read()
    configs, problems = [], []
    _InForce.has_references = False
    rows = Integration.objects.order_by("id").select_related("chat_host")
    for integration in rows.prefetch_related("secrets", "blocked_users"):
        try:
            config, found = config_of(integration)
        except (TypeError, ValueError) as error:
            # A row written past the forms must not take the other integrations down with it.
            sentence = _("Integration %(slug)s: its settings cannot be read (%(error)s).")
            problems.append(sentence % {"slug": integration.slug, "error": type(error).__name__})
            continue
        configs.append(config)
        problems += found
    return snapshot_of(configs=configs, version=version, problems=problems)


def _keep_fresh() -> None:
    pause = threading.Event()
    while True:
        close_old_connections()
        if not look():
            connection.close()
        pause.wait(REFRESH_EVERY_S)


def look() -> bool:
    """Refresh if anything changed; return False when the database cannot be asked, and keep the last good snapshot."""
    try:
        if _is_behind():
            refresh()
    except StoreError as error:
        if not _InForce.is_stale:
            logger.warning("The configuration could not be read (%s); the last good one stays.", type(error).__name__)
        _InForce.is_stale = True
        return False
    _InForce.is_stale = False
    return True


def _is_behind() -> bool:
    # A mounted secret can change without any change of ours: where one is used, every look reads it again.
    snapshot = _InForce.snapshot
    return snapshot is None or _InForce.has_references or ConfigVersion.read() != snapshot.version


def build_config(*, integration: Integration, secrets: Mapping[str, str]) -> IntegrationConfig:
    """Return the settings of a row, stored or not, with `secrets` as they are used."""
    blocks = integration.blocked_users.all() if integration.pk else ()
    values: dict[str, Any] = {}
    for setting in fields(IntegrationConfig):
        column, read = setting.metadata.get("column", setting.name), setting.metadata.get("read", _keep)
        if "secret" in setting.metadata:
            values[setting.name] = read(secrets.get(setting.metadata["secret"], ""))
        elif column in _COLUMNS:
            values[setting.name] = read(getattr(integration, column))
    return IntegrationConfig(
        **values
        | {
            "blocked_user_ids": frozenset(block.user_id for block in blocks),
            "zendesk_api_url": _api_url(integration),
            "is_host_sought": integration.zendesk_api_url == AUTO,
        }
    )


_COLUMNS = {field.name for field in Integration._meta.local_concrete_fields}  # noqa: SLF001  Django documents it


def _keep(value: object) -> object:
    return value


_ADDRESSES = {ZendeskProduct.CHAT.value: chat_address, ZendeskProduct.MESSAGING.value: support_address}


def _api_url(integration: Integration) -> str:
    subdomain = integration.zendesk_subdomain
    if integration.zendesk_api_url == AUTO:
        found: ChatHost | None = getattr(integration, "chat_host", None)
        if found is not None and found.url and found.subdomain == subdomain:
            return found.url
    elif integration.zendesk_api_url:
        return integration.zendesk_api_url.rstrip("/")
    return _ADDRESSES[integration.zendesk_product](subdomain) if subdomain else ""
