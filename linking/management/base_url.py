"""The address of the dashboard, for commands that print or write one and were not told."""

from django.conf import settings

ANY_HOST = ("0.0.0.0", "::", "[::]", "")  # noqa: S104 - compared with, never listened on


def find_base_url() -> str:
    """Return `https://host` of a public installation, else the address on this machine."""
    if settings.IS_PUBLIC:
        return f"https://{settings.ALLOWED_HOSTS[0].lstrip('.')}"
    host = "127.0.0.1" if settings.HOST in ANY_HOST else settings.HOST
    return f"http://{host}:{settings.PORT}"
