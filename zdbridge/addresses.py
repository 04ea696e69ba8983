"""What `DATABASE_URL` and `REDIS_URL` mean: the addresses of the two stores, with the options in them."""

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
# Both languages there are for it: redis-py's and that of Python's own ssl module, which Celery's pages use.
_VERIFY_WORDS = {"none": "none", "optional": "optional", "required": "required"} | {
    f"cert_{word}": word for word in ("none", "optional", "required")
}


@dataclass(frozen=True)
class RedisAddress:
    """Where Redis is: `url` for clients of redis-py, `broker_url` for Celery; both empty where there is none."""

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
        # Loading the driver takes a third of a second, which an installation on SQLite need not wait for.
        from zdbridge.postgresql.address import read_address

        return read_address(url)
    found = _SQLITE.match(url)
    if found is None:
        raise BadSetting(
            "DATABASE_URL must be an address that begins with postgresql:// or sqlite:/// (which takes no options)."
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": unquote(found["path"] or "") or ":memory:",
        "OPTIONS": {
            # Read-then-write upgrades ignore the busy timeout; taking the write lock at once does not.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        },
    }


def read_redis(url: str) -> RedisAddress:
    """Return what `REDIS_URL` means; `rediss://` verifies the server's certificate unless `ssl_cert_reqs=none`.

    Celery takes a silent address for leave not to verify, redis-py for the wish to: here it is said aloud to both.

    Raises: BadSetting, which repeats nothing of the address.
    """
    if not url:
        return RedisAddress()
    if urlsplit(url).scheme == "unix":
        # Celery has words of its own for the same socket.
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
    """Refuse an address whose options name files that are not there: the drivers pass over some of them in silence.

    Raises: BadSetting.
    """
    for key in keys:
        path = str(options.get(key, ""))
        if path and not Path(path).is_file():
            raise BadSetting(f"{name}: the file that {key} names is not there or cannot be read.")
