"""Verdict on the page that sent a pasted request; the endpoint checks the page before the token."""

from urllib.parse import urlsplit

from linking.core.config import IntegrationConfig
from linking.core.cors import is_listed
from linking.doctor.paste_request import FoundToken
from linking.doctor.verdicts import Verdict, accept, refuse
from linking.tokens.http import REFUSED_FETCH_MODES

PAGE = "page"


def judge_page(found: FoundToken, *, config: IntegrationConfig | None) -> list[Verdict]:
    """Return the verdict; none if the paste names no page or no integration is known."""
    if found.fetch_mode in REFUSED_FETCH_MODES:
        return [refuse(PAGE, "page_load", found=found.fetch_mode)]
    if not found.origin or config is None:
        return []
    if is_listed(found.origin, origins=config.allowed_origins):
        return [accept(PAGE)]
    host = _parse_host(found.origin)
    listed = next((origin for origin in sorted(config.allowed_origins) if _parse_host(origin) == host), "")
    if listed:
        return [refuse(PAGE, "origin_near", found=found.origin, listed=listed)]
    return [refuse(PAGE, "origin_unlisted", found=found.origin)]


def _parse_host(origin: str) -> str:
    try:
        return (urlsplit(origin).hostname or origin).removeprefix("www.")
    except ValueError:
        return origin
