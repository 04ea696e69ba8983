"""System checks of the application: each message says what is wrong, its hint what to change.

`zdbridge/checks.py` has the checks of the installation. `manage.py check --deploy` runs all of them.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import sealing
from linking.clients.vendor_urls import address_flaw, is_loopback_name
from linking.core.secretbox import SealBroken
from linking.keeping import is_key_lost
from linking.models import Secret
from linking.monitoring import secret_ages

_LOGIN_HOSTS = ("login.xsolla.com",)


def connect() -> None:
    """Register the checks with Django."""
    register(check_loopback, Tags.security)
    register(check_login_address, Tags.security)
    register(check_seal_keys, Tags.security)
    register(check_mail, Tags.security)
    register(check_secrets_open, Tags.database)
    register(check_seals, Tags.database)
    register(check_erasure_key, Tags.database)
    register(check_secret_ages, Tags.database)


def check_loopback(**_kwargs: Any) -> list[CheckMessage]:
    """Report E001: vendor addresses on this machine are allowed although the product has a public host name."""
    is_public = any(not is_loopback_name(str(host).strip("[]")) for host in settings.ALLOWED_HOSTS)
    if not (settings.LINKING["ALLOW_LOOPBACK"] and is_public):
        return []
    hint = _("Set ZDBRIDGE_ALLOW_LOOPBACK=0, or an administrator could reach other services of this machine.")
    message = _("ZDBRIDGE_ALLOW_LOOPBACK is on while ZDBRIDGE_ALLOWED_HOSTS names a public host.")
    return [Error(message, hint=hint, id="linking.E001")]


def check_login_address(**_kwargs: Any) -> list[CheckMessage]:
    """Report W001: the address of Xsolla Login is not Xsolla's."""
    url = str(settings.LINKING["XSOLLA_LOGIN_API_URL"])
    flaw = address_flaw(url, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]), hosts=_LOGIN_HOSTS)
    if not flaw:
        return []
    hint = _("Unset it, unless the address is your own replacement for Xsolla Login.")
    message = _("XSOLLA_LOGIN_API_URL is not the address of Xsolla Login. %(flaw)s") % {"flaw": _(flaw)}
    return [CheckWarning(message, hint=hint, id="linking.W001")]


def check_seal_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Report W002: the key ring lists a key twice, so that a rotation has no effect."""
    keys = [key.strip() for key in cast("Sequence[str]", settings.LINKING["SEAL_KEYS"])]
    if len(set(keys)) == len(keys):
        return []
    hint = _("List each key once, the newest first.")
    return [CheckWarning(_("ZDBRIDGE_SEAL_KEYS lists a key twice."), hint=hint, id="linking.W002")]


def check_mail(**_kwargs: Any) -> list[CheckMessage]:
    """Report W010: the password for the mail server crosses a network unencrypted."""
    is_clear = not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL)
    if not (settings.EMAIL_HOST_USER and is_clear) or is_loopback_name(str(settings.EMAIL_HOST)):
        return []
    hint = _("Use smtp+tls:// (STARTTLS, port 587) or smtps:// (port 465).")
    return [CheckWarning(_("EMAIL_URL sends a password without TLS."), hint=hint, id="linking.W010")]


def check_secrets_open(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report W003: a secret in the database cannot be opened. It is no error, because the admin is needed to mend it.

    Runs only with `--database default`, and before migrate.
    """
    if not databases:
        return []
    try:
        rows = list(Secret.objects.select_related("integration").order_by("integration__slug", "name"))
    except DatabaseError:
        # The table does not exist before the first migration; /readyz reports a database that does not respond.
        return []
    return [_build_warning(row) for row in rows if not _can_open(row)]


def check_seals(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report W011: values rest under an older seal key, or unsealed.

    Runs only with `--database default`, and before migrate.
    """
    if not databases:
        return []
    try:
        number = sealing.standing.count_to_move()
    except DatabaseError:
        return []
    if not number:
        return []
    message = ngettext(
        "%(number)s sealed value does not rest under the newest seal key.",
        "%(number)s sealed values do not rest under the newest seal key.",
        number,
    ) % {"number": number}
    return [CheckWarning(message, hint=_("Run: manage.py seal rewrap"), id="linking.W011")]


def check_erasure_key(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report W012: the key to who was erased cannot be opened, so these people may be stored again."""
    try:
        if not databases or not is_key_lost():
            return []
    except DatabaseError:
        return []
    hint = _("Put the lost key back at the end of ZDBRIDGE_SEAL_KEYS; docs/privacy.md says what to do without it.")
    message = _("The erasure key cannot be opened: people who were erased may be stored again.")
    return [CheckWarning(message, hint=hint, id="linking.W012")]


def check_secret_ages(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report W013: a secret is older than ZDBRIDGE_ROTATE_SECRETS_DAYS.

    Runs only with `--database default`, and before migrate.
    """
    if not databases:
        return []
    try:
        rows = secret_ages.list_due(now=timezone.now())
    except DatabaseError:
        return []
    sentence = _("Integration %(slug)s: %(name)s is due for a change, set on %(day)s.")
    hint = _("Change it on the page Secrets of the integration. docs/keys.md says how.")
    facts = [{"slug": row.integration.slug, "name": row.name, "day": f"{row.set_at:%Y-%m-%d}"} for row in rows]
    return [CheckWarning(sentence % fact, hint=hint, id="linking.W013") for fact in facts]


def _can_open(row: Secret) -> bool:
    try:
        row.reveal()
    except SealBroken:
        return False
    return True


def _build_warning(row: Secret) -> CheckMessage:
    message = _("Integration %(slug)s: %(name)s cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.")
    hint = _("Put the lost key back at the end of ZDBRIDGE_SEAL_KEYS, or set the secret again.")
    return CheckWarning(message % {"slug": row.integration.slug, "name": row.name}, hint=hint, id="linking.W003")
