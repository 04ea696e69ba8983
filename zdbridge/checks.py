"""System checks of the operator's settings: each message says what is wrong, its hint what to change.

`linking/checks.py` has the checks of the application. `manage.py check --deploy` runs all of them.
"""

import shlex
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from zdbridge import keys, private
from zdbridge.up import demo_leftovers
from zdbridge.watching import error_tracker


def connect() -> None:
    """Register the checks with Django."""
    register(check_keys, Tags.security)
    register(check_data_folder, Tags.security)
    register(check_database_tls, Tags.security, deploy=True)
    register(check_redis_tls, Tags.security, deploy=True)
    register(check_error_tracker)
    register(check_database_limits, Tags.database, deploy=True)
    register(check_leftovers, Tags.database, deploy=True)


def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Report a key that can be guessed: E001 for one in use, W004 for one that only opens older secrets."""
    newest, *older = (key.strip() for key in settings.SEAL_KEYS)
    in_use = [("ZDBRIDGE_SECRET_KEY", settings.SECRET_KEY), ("ZDBRIDGE_SEAL_KEYS", newest)]
    # Sessions under a fallback are believed, so one that can be guessed lets anyone in, too.
    in_use += [("ZDBRIDGE_SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS]
    messages: list[CheckMessage] = [
        Error(flaw, hint=_build_key_hint(name), id="zdbridge.E001")
        for name, key in in_use
        if (flaw := keys.find_flaw(key, name=name))
    ]
    if newest == settings.SECRET_KEY:
        message = _("ZDBRIDGE_SEAL_KEYS is the same as ZDBRIDGE_SECRET_KEY, so whoever learns one has both.")
        messages.append(Error(message, hint=_build_key_hint("ZDBRIDGE_SEAL_KEYS"), id="zdbridge.E001"))
    if any(keys.find_flaw(key, name="ZDBRIDGE_SEAL_KEYS") for key in older):
        # It has to stay while it seals a secret, or there would be no way from a weak key to a good one.
        message = _("An older key in ZDBRIDGE_SEAL_KEYS can be guessed.")
        hint = _("Run: manage.py seal rewrap. Then remove the older key.")
        messages.append(CheckWarning(message, hint=hint, id="zdbridge.W004"))
    return messages


def _build_key_hint(name: str) -> str:
    if name == "ZDBRIDGE_SECRET_KEY_FALLBACKS":
        return _("Remove this fallback. Everyone who signed in under it signs in again.")
    if name == "ZDBRIDGE_SEAL_KEYS":
        # Without the old key nothing could open the secrets that it seals.
        hint = _("Create a key with %(command)s and put it before the old one, separated by a comma.")
    else:
        hint = _("Create a key with %(command)s, or unset the variable to have one created.")
    return hint % {"command": keys.HOW_TO_MAKE[name]}


def check_data_folder(**_kwargs: Any) -> list[CheckMessage]:
    """Report that other accounts can read players' data and the keys: E002, or W005 on this machine alone."""
    mode = private.find_open_mode(settings.DATA_DIR)
    if not mode:
        return []
    message = _("Other accounts on this machine can enter or read the data folder (mode %(mode)s).") % {
        "mode": f"{mode:o}"
    }
    hint = _("Run: %(command)s") % {"command": f"chmod 700 {shlex.quote(str(settings.DATA_DIR))}"}
    if settings.IS_REACHABLE:
        return [Error(message, hint=hint, id="zdbridge.E002")]
    return [CheckWarning(message, hint=hint, id="zdbridge.W005")]


def check_database_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Report an unsafe connection to a database on another machine: W001 unencrypted, I001 unverified."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return []
    # Loads the driver, which only PostgreSQL needs.
    from zdbridge.postgresql.address import ENCRYPTED, VERIFIED, is_remote, read_sslmode

    mode = read_sslmode(database)
    if mode in VERIFIED or not is_remote(database):
        return []
    hint = _("Add sslmode=verify-full to DATABASE_URL, and sslrootcert=… for a certificate authority of your own.")
    if mode in ENCRYPTED:
        message = _("The connection to the database is encrypted, but the server is not verified (sslmode=%(mode)s).")
        return [Info(message % {"mode": mode}, hint=hint, id="zdbridge.I001")]
    message = _("The database is on another machine, and the connection need not be encrypted (sslmode=%(mode)s).")
    return [CheckWarning(message % {"mode": mode}, hint=hint, id="zdbridge.W001")]


def check_database_limits(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report W003: no time limit for statements, because a pooler drops ours and the role has none of its own.

    Runs only with `--database default`.
    """
    if not databases or connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            limit = cursor.fetchone()[0]
    except DatabaseError:
        # /readyz reports a database that does not respond.
        return []
    if limit != "0":
        return []
    hint = _(
        "Run once as the owner of the role: ALTER ROLE … SET statement_timeout = '15s'. Do the same for "
        "lock_timeout = '5s' and idle_in_transaction_session_timeout = '30s'."
    )
    return [CheckWarning(_("PostgreSQL has no time limit for statements."), hint=hint, id="zdbridge.W003")]


def check_leftovers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Report E003: demo accounts or demo integrations in an installation that is about to be deployed.

    Runs only with `--database default`.
    """
    if not databases:
        return []
    try:
        found = demo_leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    except DatabaseError:
        # The tables do not exist before the first migration.
        return []
    return [] if found.is_empty else [Error(found.describe(), id="zdbridge.E003")]


def check_error_tracker(**_kwargs: Any) -> list[CheckMessage]:
    """Report W006: errors are to be sent somewhere, and the package for it is missing."""
    if not settings.SENTRY_DSN or error_tracker.is_installed():
        return []
    message = _("SENTRY_DSN is set, but the package sentry-sdk is not installed: no error is sent.")
    return [CheckWarning(message, hint=_("Run: .venv/bin/pip install sentry-sdk"), id="zdbridge.W006")]


def check_redis_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Report an unsafe connection to Redis: W002 unverified, I002 unencrypted to another machine."""
    redis = settings.REDIS
    if redis.is_encrypted and not redis.is_verified:
        message = _("REDIS_URL turns off the verification of the server's certificate.")
        hint = _("Remove ssl_cert_reqs from it, or name a certificate authority of your own with ssl_ca_certs=….")
        return [CheckWarning(message, hint=hint, id="zdbridge.W002")]
    if redis.is_remote and not redis.is_encrypted:
        message = _("Redis is on another machine, and the connection is not encrypted.")
        hint = _("Use rediss://, unless the network between the two machines is private.")
        return [Info(message, hint=hint, id="zdbridge.I002")]
    return []
