"""Which pages of other origins may read the JSON API: those of the integrations' own Zendesk accounts.

A Zendesk app shows our records beside a chat. It sends an API token; cookies are never allowed across origins here
(`CORS_ALLOW_CREDENTIALS`), and the settings limit all of this to `/api/v1/`.
"""

from typing import Any

from django.http import HttpRequest

from linking import registry

PREFIX = "/api/v1/"


def is_zendesk_account(request: HttpRequest, **_kwargs: Any) -> bool:
    """Return whether the request's origin is the Zendesk account of an enabled integration (a signal's receiver)."""
    origin = request.headers.get("Origin", "")
    if not request.path.startswith(PREFIX) or not origin:
        return False
    accounts = (config.zendesk_subdomain for config in registry.current().enabled)
    return any(origin == f"https://{account}.zendesk.com" for account in accounts if account)
