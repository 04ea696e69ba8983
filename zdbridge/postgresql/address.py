"""Converts a PostgreSQL address in `DATABASE_URL` into Django's settings; libpq itself parses it.

Every option of libpq works (`sslmode`, `sslrootcert`, `target_session_attrs`, several hosts, socket folders …), and an
unknown option is refused by name. One option is added: `pgbouncer=1`, for a pooler in transaction mode.

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
# No statement of the product takes longer, and none may hold a lock or a transaction while it waits.
LIMITS = "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
# libpq checks these only when it connects; a typing error should be reported at start.
WORDS = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
}
# The values of sslmode that guarantee an encrypted connection, and those that also verify the server's name.
ENCRYPTED, VERIFIED = ("require", "verify-ca", "verify-full"), ("verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_SWITCH = "pgbouncer"
_SWITCH_WORDS = {"1": True, "true": True, "0": False, "false": False}
_PARTS = re.compile(r"(?P<scheme>postgres(?:ql)?://)(?P<authority>[^/?]*)(?P<path>[^?]*)\??(?P<query>.*)\Z", re.DOTALL)
# Options that Django has names of its own for.
_NAMED = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def read_address(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at `url`.

    Raises: BadSetting, whose message contains no part of the address but names of options.
    """
    address, is_pooled = _split_pgbouncer(url)
    _refuse_unknown(address)
    try:
        options = conninfo_to_dict(address)
    except DriverError:
        # The driver's own message can contain a part of the password.
        raise BadSetting(
            f"{NAME} cannot be parsed. It must look like postgresql://user:password@host:5432/database. In user and "
            "password, write every character other than letters, digits and -._~ as % and two hexadecimal digits."
        ) from None
    _refuse_bad_values(options)
    refuse_unreadable(name=NAME, options=options, keys=[key for key in _FILES if options.get(key) != "system"])
    named = {ours: str(options.pop(theirs, "")) for theirs, ours in _NAMED.items()}
    return {
        "ENGINE": "zdbridge.postgresql",
        **named,
        "OPTIONS": _build_options(options, is_pooled=is_pooled),
        # A server-side cursor belongs to one server process, and a pooler switches between them.
        "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
        "CONN_HEALTH_CHECKS": True,
    }


def read_sslmode(database: Mapping[str, Any]) -> str:
    """Return the `sslmode` in effect for Django's settings of a database, libpq's own variables included."""
    return str(database["OPTIONS"].get("sslmode") or _find_default("sslmode") or "prefer")


def is_remote(database: Mapping[str, Any]) -> bool:
    """Return whether any server of `database` is on another machine."""
    options = database["OPTIONS"]
    hosts = options.get("hostaddr") or database["HOST"] or _find_default("hostaddr") or _find_default("host")
    # An empty name, a path and an abstract socket name mean a local socket.
    return any(host and host[0] not in "/@" and not is_loopback(host) for host in str(hosts).split(","))


def _split_pgbouncer(url: str) -> tuple[str, bool]:
    """Return the address without the `pgbouncer` option, and whether the option is on."""
    parts = _PARTS.match(url)
    if parts is None:
        raise BadSetting(f"{NAME} must be an address that starts with postgresql://.")
    user, at, hosts = parts["authority"].rpartition("@")
    # Earlier versions accepted these two characters unescaped.
    user = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", user).replace("@", "%40")
    options = [option for option in parts["query"].split("&") if option]
    switches = [option.partition("=")[2].lower() for option in options if option.partition("=")[0] == _SWITCH]
    if switches and switches[-1] not in _SWITCH_WORDS:
        raise BadSetting(f"{NAME}: {_SWITCH} must be 1 or 0.")
    query = "&".join(option for option in options if option.partition("=")[0] != _SWITCH)
    address = f"{parts['scheme']}{user}{at}{hosts}{parts['path']}" + (f"?{query}" if query else "")
    return address, bool(switches) and _SWITCH_WORDS[switches[-1]]


def _refuse_unknown(url: str) -> None:
    # `ssl=true` is an option of another driver that libpq accepts too.
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} | {"ssl"}
    for name, _value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
        if name not in known:
            raise BadSetting(
                f"{NAME}: the option “{clip(name)}” does not exist. Options are those of PostgreSQL's libpq, such as "
                f"sslmode, sslrootcert and target_session_attrs, and {_SWITCH}=1."
            )


def _refuse_bad_values(options: Mapping[str, Any]) -> None:
    for name, words in WORDS.items():
        if options.get(name, words[0]) not in words:
            raise BadSetting(f"{NAME}: {name} must be one of {', '.join(words)}.")
    if not re.fullmatch(r"-?[0-9]+", str(options.get("connect_timeout", "0"))):
        raise BadSetting(f"{NAME}: connect_timeout must be a number of seconds.")
    if not all(re.fullmatch(r"[0-9]*", port) for port in str(options.get("port", "")).split(",")):
        raise BadSetting(f"{NAME}: a port must be a number.")
    if not options.get("dbname") and not options.get("service"):
        raise BadSetting(f"{NAME} names no database. It must end like …@host:5432/database.")


def _build_options(options: Mapping[str, Any], *, is_pooled: bool) -> dict[str, Any]:
    limits = {} if is_pooled else {"options": LIMITS}
    # When a setting occurs twice the server uses the last, so the operator's values follow the product's.
    merged = {"options": f"{limits.get('options', '')} {options['options']}".strip()} if options.get("options") else {}
    return {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "zdbridge", **options, **limits, **merged}


def _find_default(name: str) -> str:
    """Return the value that libpq uses when the address has none, from PGSSLMODE, PGHOST and the like."""
    defaults = {option.keyword.decode(): option.val for option in Conninfo.get_defaults()}
    return str(defaults.get(name) or b"", "utf-8")
