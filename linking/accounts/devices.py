"""Browsers in which somebody has signed in before: a signed cookie, which holds no name and opens nothing.

It tells a person's own browser from a stranger's, so that a stranger who tries passwords does not lock the person out,
and so that a sign-in in a new browser can be told to the person.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from allauth.account.signals import user_logged_in as signed_in
from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

SALT = "linking.accounts.devices"
KEPT_FOR = timedelta(days=365)
# Several people may share a browser; the names of those who used it last are kept.
NAMES_MAX = 8


def name_cookie() -> str:
    """Return the cookie's name, which browsers bind to this host where it speaks https."""
    return "__Host-zdbridge_device" if settings.SESSION_COOKIE_SECURE else "zdbridge_device"


def find_device(request: HttpRequest, *, login: str) -> str:
    """Return the ID of this browser if somebody has signed in here as `login` before, else ""."""
    device, names = _read(request)
    return device if login and _digest(login) in names else ""


def is_known(request: HttpRequest, user: Any) -> bool:
    """Return whether `user` has signed in in this browser before."""
    return bool(find_device(request, login=user.get_username()))


def connect() -> None:
    """Remember the browser of each sign-in."""
    signed_in.connect(_remember, dispatch_uid="linking.accounts.devices")


def _remember(request: HttpRequest, response: HttpResponseBase, user: Any, **_kwargs: Any) -> None:
    device, names = _read(request)
    own = [_digest(name) for name in (user.get_username(), user.email) if name]
    kept = [*own, *(name for name in names if name not in own)][:NAMES_MAX]
    response.set_cookie(
        name_cookie(),
        signing.dumps([device or secrets.token_urlsafe(12), kept], salt=SALT),
        max_age=KEPT_FOR,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, Sequence[str]]:
    try:
        device, names = signing.loads(request.COOKIES.get(name_cookie(), ""), salt=SALT, max_age=KEPT_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return "", ()
    return str(device), [str(name) for name in names]


def _digest(login: str) -> str:
    return salted_hmac(SALT, login.lower(), algorithm="sha256").hexdigest()[:24]
