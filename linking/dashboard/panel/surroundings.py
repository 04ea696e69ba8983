"""Around the panel: who may show it in a frame, and where Zendesk's script comes from.

In a browser Zendesk's page is the frame's parent, at the account's address. Where the account is a stand-in on this
machine, its own origin may show the panel too, when the request comes from there.
"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from linking.clients.vendor_urls import is_loopback_name
from linking.core.config import IntegrationConfig
from linking.integrations import find_account_authority

# Source: developer.zendesk.com, Apps framework, ZAF client API (2026-11). Its address is fixed; what it serves is not,
# so there is no digest to check it by.
SDK_PATH = "/zendesk_app_framework_sdk/2.0/zaf_sdk.min.js"
SDK_HOST = "https://static.zdassets.com"
_NOBODY = "'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`ancestors` are the sources that may show the panel, `sdk_url` is the address of Zendesk's script."""

    ancestors: str
    sdk_url: str


def find_surroundings(config: IntegrationConfig | None, *, request: HttpRequest, allow_loopback: bool) -> Surroundings:
    """Return what is around the panel of an integration; nobody may show that of an unknown one."""
    official = f"{SDK_HOST}{SDK_PATH}"
    if config is None or not config.zendesk_subdomain:
        return Surroundings(ancestors=_NOBODY, sdk_url=official)
    account = f"https://{config.zendesk_subdomain}.zendesk.com"
    stand_in = find_account_authority(config) if allow_loopback else ""
    if stand_in != request.headers.get("Origin") or not _is_on_this_machine(stand_in):
        return Surroundings(ancestors=account, sdk_url=official)
    return Surroundings(ancestors=f"{account} {stand_in}", sdk_url=f"{stand_in}{SDK_PATH}")


def protect(response: HttpResponse, *, around: Surroundings) -> HttpResponse:
    """Return `response` with the policy of a page that only Zendesk may show."""
    response["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {around.sdk_url}",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'none'",
            "base-uri 'none'",
            f"frame-ancestors {around.ancestors}",
        )
    )
    return response


def _is_on_this_machine(authority: str) -> bool:
    scheme, _colon, rest = authority.partition("://")
    host = rest.rpartition(":")[0] if rest[-1:].isdigit() and ":" in rest else rest
    return scheme == "http" and is_loopback_name(host.strip("[]"))
