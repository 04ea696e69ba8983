"""System checks of the installation: what the operator set, told in words with what to change.

`linking/checks.py` has those of the application. `manage.py check --deploy` runs all.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connection

_ENCRYPT_HINT = "Add sslmode=verify-full (and sslrootcert=… of your authority) to DATABASE_URL."


def connect() -> None:
    """Register the checks with Django."""
    register(check_database_tls, Tags.security, deploy=True)
    register(check_redis_tls, Tags.security, deploy=True)
    register(check_database_limits, Tags.database, deploy=True)


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
