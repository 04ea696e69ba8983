"""Converts `EMAIL_URL` into Django's settings for mail.

`smtp://` is unencrypted (port 25), `smtp+tls://` uses STARTTLS (port 587), `smtps://` and `smtp+ssl://` use TLS from
the first byte (port 465). `smtps://` with port 25 or 587 also means STARTTLS, because servers offer nothing else there.
The certificate is always verified.
"""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from zdbridge.env import LOOPBACK_NAMES, BadSetting, Environment

SCHEMES = ("smtp", "smtp+tls", "smtps", "smtp+ssl")
TIMEOUT_DEFAULT_S, TIMEOUT_MAX_S = 10, 60
_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465, "smtp+ssl": 465}
_STARTTLS_PORTS = (25, 587)
NOT_SET = {"EMAIL_BACKEND": "linking.accounts.mail.NoMailServer"}


def read_mail_settings(*, env: Environment, hosts: list[str]) -> dict[str, Any]:
    """Return Django's settings for mail; `hosts` are the host names of the product.

    Without `EMAIL_URL` they name a backend that refuses to send.

    Raises: BadSetting.
    """
    url = env.read_url("EMAIL_URL", default="", schemes=SCHEMES)
    settings = _read_server(url) if url else dict(NOT_SET)
    sender = env.read_text("ZDBRIDGE_MAIL_FROM")
    if sender:
        _check_address(sender)
    settings["DEFAULT_FROM_EMAIL"] = sender or _build_sender(user=settings.get("EMAIL_HOST_USER", ""), hosts=hosts)
    return settings


def _read_server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if not parts.hostname or parts.path.strip("/"):
        raise BadSetting("EMAIL_URL must name a mail server, such as smtp+tls://user:password@mail.example.com:587.")
    if bool(parts.username) != bool(parts.password):
        raise BadSetting("EMAIL_URL must contain a user and a password, or neither. Write special characters as %XX.")
    if not unquote(f"{parts.username}{parts.password}").isascii():
        raise BadSetting(
            "The user and the password in EMAIL_URL must be ASCII, because mail servers accept nothing else."
        )
    port = parts.port or _PORTS[parts.scheme]
    is_starttls = parts.scheme == "smtp+tls" or (parts.scheme == "smtps" and port in _STARTTLS_PORTS)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": is_starttls,
        "EMAIL_USE_SSL": parts.scheme != "smtp" and not is_starttls,
        "EMAIL_TIMEOUT": _read_timeout(parts.query),
    }


def _read_timeout(query: str) -> int:
    options = dict(parse_qsl(query, keep_blank_values=True))
    timeout = options.pop("timeout", str(TIMEOUT_DEFAULT_S))
    if options or not (timeout.isascii() and timeout.isdigit()) or not 1 <= int(timeout) <= TIMEOUT_MAX_S:
        raise BadSetting(f"EMAIL_URL accepts one option: timeout, in whole seconds from 1 to {TIMEOUT_MAX_S}.")
    return int(timeout)


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadSetting("ZDBRIDGE_MAIL_FROM must be an e-mail address such as zdbridge@example.com.") from error


def _build_sender(*, user: str, hosts: list[str]) -> str:
    if "@" in user:
        return user
    name = next((host.lstrip(".") for host in hosts if host not in LOOPBACK_NAMES), "localhost")
    return f"zdbridge@{name}"
