"""System checks: wrong set-up told at start, in words, with what to change. `manage.py check --deploy` runs all."""

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError

from linking.clients.vendor_urls import address_flaw, is_loopback_name
from linking.core.secretbox import SealBroken
from linking.models import Secret

_LOGIN_HOSTS = ("login.xsolla.com",)


def connect() -> None:
    """Register the checks with Django."""
    register(check_loopback, Tags.security)
    register(check_login_address, Tags.security)
    register(check_seal_keys, Tags.security)
    register(check_mail, Tags.security)
    register(check_secrets_open, Tags.database)


def check_loopback(**_kwargs: Any) -> list[CheckMessage]:
    """E001: vendor addresses on this machine are allowed although the product is reached from elsewhere."""
    is_public = any(not is_loopback_name(str(host).strip("[]")) for host in settings.ALLOWED_HOSTS)
    if not (settings.LINKING["ALLOW_LOOPBACK"] and is_public):
        return []
    hint = "Set ZDBRIDGE_ALLOW_LOOPBACK=0: an administrator's session could otherwise reach services of this machine."
    message = "ZDBRIDGE_ALLOW_LOOPBACK is on while ZDBRIDGE_ALLOWED_HOSTS names a public host."
    return [Error(message, hint=hint, id="linking.E001")]


def check_login_address(**_kwargs: Any) -> list[CheckMessage]:
    """W001: Xsolla Login's address is not Xsolla's."""
    url = str(settings.LINKING["XSOLLA_LOGIN_API_URL"])
    flaw = address_flaw(url, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]), hosts=_LOGIN_HOSTS)
    if not flaw:
        return []
    hint = "Unset it, unless the address is a stand-in of your own."
    return [CheckWarning(f"XSOLLA_LOGIN_API_URL is unusual. {flaw}", hint=hint, id="linking.W001")]


def check_seal_keys(**_kwargs: Any) -> list[CheckMessage]:
    """W002: a key stands twice in the ring, so that a rotation has no effect."""
    keys = [key.strip() for key in cast("Sequence[str]", settings.LINKING["SEAL_KEYS"])]
    if len(set(keys)) == len(keys):
        return []
    hint = "List each key once, newest first."
    return [CheckWarning("ZDBRIDGE_SEAL_KEYS lists a key twice.", hint=hint, id="linking.W002")]


def check_mail(**_kwargs: Any) -> list[CheckMessage]:
    """W010: the log-in at the mail server crosses a network in clear."""
    is_clear = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    if not (settings.EMAIL_HOST_USER and is_clear) or is_loopback_name(str(settings.EMAIL_HOST)):
        return []
    hint = "Use smtp+tls:// (STARTTLS, port 587) or smtps:// (port 465)."
    return [CheckWarning("EMAIL_URL sends a password without TLS.", hint=hint, id="linking.W010")]


def check_secrets_open(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """W003: a secret in the database cannot be opened. No error, because the way out is a running admin.

    Needs `--database default`; migrate asks for it by itself.
    """
    if not databases:
        return []
    try:
        rows = list(Secret.objects.select_related("integration").order_by("integration__slug", "name"))
    except DatabaseError:
        # Before the first migrate there is no table; /readyz speaks of a database that is away.
        return []
    return [_report_broken(row) for row in rows if not _opens(row)]


def _opens(row: Secret) -> bool:
    try:
        row.reveal()
    except SealBroken:
        return False
    return True


def _report_broken(row: Secret) -> CheckMessage:
    message = f"Integration {row.integration.slug}: {row.name} cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS."
    hint = "Put the lost key back at the end of ZDBRIDGE_SEAL_KEYS, or set the secret anew."
    return CheckWarning(message, hint=hint, id="linking.W003")
