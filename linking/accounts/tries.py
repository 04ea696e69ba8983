"""How often somebody may fail to sign in, so that passwords cannot be guessed and nobody locks others out.

Failures count for the address, for the name from this address, and, slower, for the name from anywhere. A browser in
which that person has signed in before (`devices`) counts by itself: whatever strangers try, it is let in.
"""

from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpRequest

from linking.accounts.devices import find_device

# Failures, as allauth writes rates: how many, in how long, for whom.
OF_ADDRESS = "10/m/ip"
OF_NAME_HERE = "5/5m/key"
OF_NAME_ANYWHERE = "50/h/key"
_APP = "linking.accounts"


def consume_try(request: HttpRequest, *, login: str) -> ratelimit.RateLimitUsage | None:
    """Take one try for `login`, which its caller gives back after a success; None when there is none left."""
    usage = ratelimit.RateLimitUsage(usage=[])
    for action, rate, key in _list_rates(request, login=login.lower()):
        taken = ratelimit.consume(request, app=_APP, action=action, config={action: rate}, key=key)
        if taken is None:
            # What was taken already stays taken: this try was one too many.
            return None
        usage.usage += taken.usage
    return usage


def forget_tries(request: HttpRequest, *, login: str) -> None:
    """Let somebody who has just chosen a new password try from here at once; tries from elsewhere stay counted."""
    for action, rate, key in _list_rates(request, login=login.lower()):
        if action in ("known_device", "name_here"):
            ratelimit.clear(request, app=_APP, action=action, config={action: rate}, key=key)


def _list_rates(request: HttpRequest, *, login: str) -> list[tuple[str, str, str | None]]:
    """Return the rates that a try must pass, as (action, rate, key)."""
    device = find_device(request, login=login)
    if device:
        return [("known_device", OF_NAME_HERE, f"{device}:{login}")]
    address = ratelimit.get_ip(request)
    return [
        ("address", OF_ADDRESS, None),
        ("name_here", OF_NAME_HERE, f"{address}:{login}"),
        ("name_anywhere", OF_NAME_ANYWHERE, login),
    ]


def read_login(credentials: dict[str, Any]) -> str:
    """Return what was typed as name or address."""
    return str(credentials.get("email") or credentials.get("username") or "")
