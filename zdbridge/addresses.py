"""Parses `DATABASE_URL` and `REDIS_URL`: the addresses of the two stores, with their options."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from zdbridge.env import BadSetting, is_loopback

_SQLITE = re.compile(r"sqlite://(?:/(?P<path>[^?]*)|(?::memory:)?)\Z", re.DOTALL)
_REDIS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_VERIFY = "ssl_cert_reqs"
# Accepts the words of redis-py and those of Python's ssl module, which Celery's documentation uses.
_VERIFY_WORDS = {"none": "none", "optional": "optional", "required": "required"} | {
    f"cert_{word}": word for word in ("none", "optional", "required")
}


@dataclass(frozen=True)
class RedisAddress:
    """The address of Redis: `url` for redis-py, `broker_url` for Celery; both are empty without Redis."""

    url: str = ""
    broker_url: str = ""
    is_remote: bool = False
    is_encrypted: bool = False
    is_verified: bool = False


def read_database(url: str) -> dict[str, Any]:
    """Return Django's settings for `postgresql://…` or `sqlite:///path`.

    Raises: BadSetting.
    """
    if url.startswith(("postgresql://", "postgres://")):
        # Loading the driver takes a third of a second, which an installation on SQLite need not spend.
        from zdbridge.postgresql.address import read_address

        return read_address(url)
    match = _SQLITE.match(url)
    if match is None:
        raise BadSetting(
            "DATABASE_URL must be an address that starts with postgresql:// or sqlite:/// (which takes no options)."
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": unquote(match["path"] or "") or ":memory:",
        "OPTIONS": {
            # A transaction that reads and then writes ignores the busy timeout; one that locks at once does not.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
    }


def read_redis(url: str) -> RedisAddress:
    """Return the address in `REDIS_URL`; `rediss://` verifies the server's certificate unless `ssl_cert_reqs=none`.

    Without `ssl_cert_reqs`, Celery does not verify and redis-py does, so the option is always passed to both.

    Raises: BadSetting, whose message contains no part of the address.
    """
    if not url:
        return RedisAddress()
    if urlsplit(url).scheme == "unix":
        # Celery spells the address of a socket differently.
        return RedisAddress(url=url, broker_url=f"redis+socket{url[len('unix') :].replace('?db=', '?virtual_host=')}")
    address, _mark, query = url.partition("?")
    is_encrypted, options = urlsplit(url).scheme == "rediss", dict(parse_qsl(query, keep_blank_values=True))
    if is_encrypted:
        options[_VERIFY] = _VERIFY_WORDS.get(options.get(_VERIFY, "required").lower(), "")
        if not options[_VERIFY]:
            raise BadSetting(f"REDIS_URL: {_VERIFY} must be required, optional or none.")
        refuse_unreadable(name="REDIS_URL", options=options, keys=_REDIS_FILES)
        url = f"{address}?{urlencode(options, quote_via=quote)}"
    return RedisAddress(
        url=url,
        broker_url=url,
        is_remote=not is_loopback(urlsplit(url).hostname or "localhost"),
        is_encrypted=is_encrypted,
        is_verified=options.get(_VERIFY) == "required",
    )


def refuse_unreadable(*, name: str, options: dict[str, Any], keys: Sequence[str]) -> None:
    """Refuse an address whose options name missing files, some of which the drivers silently ignore.

    Raises: BadSetting.
    """
    for key in keys:
        path = str(options.get(key, ""))
        if path and not Path(path).is_file():
            raise BadSetting(f"{name}: the file in {key} does not exist or cannot be read.")
