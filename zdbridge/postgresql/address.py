"""What `DATABASE_URL` asks of PostgreSQL, read by libpq itself, as Django's settings.

Every option libpq knows is done (`sslmode`, `sslrootcert`, `target_session_attrs`, several hosts, socket folders …);
what it does not know is refused by name. One word is ours: `pgbouncer=1`, for a pooler in transaction mode.

Source: https://www.postgresql.org/docs/current/libpq-connect.html (read 2026-11-30).
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from psycopg import Error as DriverError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from zdbridge.addresses import refuse_unreadable
from zdbridge.env import BadSetting, clip, is_loopback

NAME = "DATABASE_URL"
CONNECT_TIMEOUT_S = 3
# No question of ours takes longer, and nothing may hold a lock or a transaction while it waits for something else.
LIMITS = "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
# libpq judges these only once it connects; a slip of the pen is better told at start.
WORDS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
# sslmode by what it promises: an encrypted connection, and that the server at the other end is the one named.
ENCRYPTED, VERIFIED = ("require", "verify-ca", "verify-full"), ("verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_SWITCH = "pgbouncer"
_SWITCH_WORDS = {"1": True, "true": True, "0": False, "false": False}
_PARTS = re.compile(r"(?P<scheme>postgres(?:ql)?://)(?P<authority>[^/?]*)(?P<path>[^?]*)\??(?P<query>.*)\Z", re.DOTALL)
# Given to Django under names of its own.
_NAMED = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def read_address(url: str) -> dict[str, Any]:
    """Return Django's settings of the database at `url`.

    Raises: BadSetting, which names what is wrong and repeats nothing of the address but the names of options.
    """
    asked, is_pooled = _take_switch(url)
    _refuse_unknown(asked)
    try:
        found = conninfo_to_dict(asked)
    except DriverError:
        # The driver's own words can hold a piece of the password.
        raise BadSetting(
            f"{NAME} cannot be read: it must be like postgresql://user:password@host:5432/database, with every other "
            "sign than letters, digits and -._~ in user and password written as % and two digits."
        ) from None
    _refuse_slips(found)
    refuse_unreadable(name=NAME, options=found, keys=[key for key in _FILES if found.get(key) != "system"])
    named = {ours: str(found.pop(theirs, "")) for theirs, ours in _NAMED.items()}
    return {
        "ENGINE": "zdbridge.postgresql",
        **named,
        "OPTIONS": _options(found, is_pooled=is_pooled),
        # A cursor that lives on the server belongs to one of its processes, and a pooler gives another one each time.
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
        "CONN_HEALTH_CHECKS": True,
    }


def read_sslmode(database: Mapping[str, Any]) -> str:
    """Return the `sslmode` in force for Django's settings of a database; libpq's own variables are heeded."""
    return str(database["OPTIONS"].get("sslmode") or _default_of("sslmode") or "prefer")


def is_remote(database: Mapping[str, Any]) -> bool:
    """Return whether a server of `database` is reached over a network: neither a socket nor this machine."""
    options = database["OPTIONS"]
    hosts = options.get("hostaddr") or database["HOST"] or _default_of("hostaddr") or _default_of("host")
    # An empty name, a path and an abstract name are sockets.
    return any(host and host[0] not in "/@" and not is_loopback(host) for host in str(hosts).split(","))


def _take_switch(url: str) -> tuple[str, bool]:
    """Return the address as libpq understands it, and whether a pooler stands before the server."""
    parts = _PARTS.match(url)
    if parts is None:
        raise BadSetting(f"{NAME} must be an address that begins with postgresql://.")
    user, at, hosts = parts["authority"].rpartition("@")
    # Addresses have always been read with these two signs as they are.
    user = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", user).replace("@", "%40")
    options = [option for option in parts["query"].split("&") if option]
    switches = [option.partition("=")[2].lower() for option in options if option.partition("=")[0] == _SWITCH]
    if switches and switches[-1] not in _SWITCH_WORDS:
        raise BadSetting(f"{NAME}: {_SWITCH} must be 1 or 0.")
    query = "&".join(option for option in options if option.partition("=")[0] != _SWITCH)
    address = f"{parts['scheme']}{user}{at}{hosts}{parts['path']}" + (f"?{query}" if query else "")
    return address, bool(switches) and _SWITCH_WORDS[switches[-1]]


def _refuse_unknown(url: str) -> None:
    # `ssl=true` is the one word that libpq takes from another driver's language.
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} | {"ssl"}
    for name, _value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if name not in known:
            raise BadSetting(
                f"{NAME}: there is no option “{clip(name)}”; there are those of PostgreSQL's libpq, such as sslmode, "
                f"sslrootcert or target_session_attrs, and {_SWITCH}=1."
            )


def _refuse_slips(found: Mapping[str, Any]) -> None:
    for name, words in WORDS.items():
        if found.get(name, words[0]) not in words:
            raise BadSetting(f"{NAME}: {name} must be one of {', '.join(words)}.")
    if not re.fullmatch(r"-?[0-9]+", str(found.get("connect_timeout", "0"))):
        raise BadSetting(f"{NAME}: connect_timeout must be a number of seconds.")
    if not all(re.fullmatch(r"[0-9]*", port) for port in str(found.get("port", "")).split(",")):
        raise BadSetting(f"{NAME}: a port must be a number.")
    if not found.get("dbname") and not found.get("service"):
        raise BadSetting(f"{NAME} names no database: it must end like …@host:5432/database.")


def _options(found: Mapping[str, Any], *, is_pooled: bool) -> dict[str, Any]:
    own = {} if is_pooled else {"options": LIMITS}
    # Of two settings of one name the server takes the last, so what the operator asks for goes before ours.
    asked = {"options": f"{own.get('options', '')} {found['options']}".strip()} if found.get("options") else {}
    return {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "zdbridge", **found, **own, **asked}


def _default_of(name: str) -> str:
    """Return what libpq takes where the address is silent: PGSSLMODE, PGHOST and their like."""
    return next(
        (str(one.val, "utf-8") for one in Conninfo.get_defaults() if one.keyword == name.encode() and one.val), ""
    )
