"""System checks of the installation: what the operator set, told in words with what to change.

`linking/checks.py` has those of the application. `manage.py check --deploy` runs all.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection

from zdbridge import keys, private
from zdbridge.up import leftovers

_ENCRYPT_HINT = "Add sslmode=verify-full (and sslrootcert=… of your authority) to DATABASE_URL."


def connect() -> None:
    """Register the checks with Django."""
    register(check_keys, Tags.security)
    register(check_data_folder, Tags.security)
    register(check_database_tls, Tags.security, deploy=True)
    register(check_redis_tls, Tags.security, deploy=True)
    register(check_database_limits, Tags.database, deploy=True)
    register(check_leftovers, Tags.database, deploy=True)


def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """E001: a key that can be guessed. W004: one that only opens what it sealed, and is to go."""
    newest, *older = (key.strip() for key in settings.SEAL_KEYS)
    judged = {"ZDBRIDGE_SECRET_KEY": settings.SECRET_KEY, "ZDBRIDGE_SEAL_KEYS": newest}
    found: list[CheckMessage] = [
        Error(f"{name} {flaw}.", hint=_key_hint(name), id="zdbridge.E001")
        for name, key in judged.items()
        if (flaw := keys.find_flaw(key))
    ]
    if newest == settings.SECRET_KEY:
        message = "ZDBRIDGE_SEAL_KEYS is the same as ZDBRIDGE_SECRET_KEY: whoever learns one has the other."
        found.append(Error(message, hint=_key_hint("ZDBRIDGE_SEAL_KEYS"), id="zdbridge.E001"))
    if any(keys.find_flaw(key) for key in older):
        # It has to stay while something rests under it, or there would be no way from a weak key to a good one.
        message = "An older key in ZDBRIDGE_SEAL_KEYS can be guessed."
        hint = "Set the secrets anew, so that the newest key seals them, and take the old key out."
        found.append(CheckWarning(message, hint=hint, id="zdbridge.W004"))
    return found


def _key_hint(name: str) -> str:
    if name == "ZDBRIDGE_SEAL_KEYS":
        # Without the old one nobody could read what rests under it.
        return f"Make one with {keys.HOW_TO_MAKE[name]} and put it before the old one, with a comma between them."
    return f"Make one with {keys.HOW_TO_MAKE[name]} or unset the variable, and one is made and kept."


def check_data_folder(**_kwargs: Any) -> list[CheckMessage]:
    """E002, W005: others on this machine may read what players wrote, and the keys."""
    flaw = private.find_folder_flaw(settings.DATA_DIR)
    if not flaw:
        return []
    if settings.IS_REACHABLE:
        return [Error(flaw, id="zdbridge.E002")]
    return [CheckWarning(flaw, id="zdbridge.W005")]


def check_database_tls(**_kwargs: Any) -> list[CheckMessage]:
    """W001, I001: the database is on another machine, and the way to it is not safe."""
    database = settings.DATABASES["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return []
    # The driver is loaded only where it is used.
    from zdbridge.postgresql.address import ENCRYPTED, VERIFIED, is_remote, read_sslmode

    mode = read_sslmode(database)
    if mode in VERIFIED or not is_remote(database):
        return []
    if mode in ENCRYPTED:
        message = f"The connection to the database is encrypted, but nobody checks who answers (sslmode={mode})."
        return [Info(message, hint=_ENCRYPT_HINT, id="zdbridge.I001")]
    message = f"The database is on another machine, and nothing makes the connection encrypted (sslmode={mode})."
    return [CheckWarning(message, hint=_ENCRYPT_HINT, id="zdbridge.W001")]


def check_database_limits(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """W003: behind a pooler, which takes no settings from us, the role has no limit of its own either.

    Needs `--database default`.
    """
    if not databases or connection.vendor != "postgresql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            limit = cursor.fetchone()[0]
    except DatabaseError:
        # /readyz speaks of a database that is away.
        return []
    if limit != "0":
        return []
    hint = (
        "Once, as the role's owner: ALTER ROLE … SET statement_timeout = '15s'; the same for lock_timeout = '5s' and "
        "idle_in_transaction_session_timeout = '30s'."
    )
    return [CheckWarning("PostgreSQL lets a statement run for ever.", hint=hint, id="zdbridge.W003")]


def check_leftovers(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """E003: what a try-out left behind is about to be deployed.

    Needs `--database default`.
    """
    if not databases:
        return []
    try:
        found = leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    except DatabaseError:
        # Before the first migrate there is no table.
        return []
    return [] if found.is_empty else [Error(found.describe(), id="zdbridge.E003")]


def check_redis_tls(**_kwargs: Any) -> list[CheckMessage]:
    """W002, I002: Redis is on another machine, and the way to it is not safe."""
    redis = settings.REDIS
    if redis.is_encrypted and not redis.is_verified:
        message = "REDIS_URL turns the check of the server's certificate off."
        hint = "Take ssl_cert_reqs out of it; ssl_ca_certs=… names an authority of your own."
        return [CheckWarning(message, hint=hint, id="zdbridge.W002")]
    if redis.is_remote and not redis.is_encrypted:
        hint = "Use rediss:// unless the network between the two is yours alone."
        return [
            Info("Redis is on another machine, and the connection is not encrypted.", hint=hint, id="zdbridge.I002")
        ]
    return []
