"""Verdict on the page that asked, where a pasted request names one: the endpoint looks at that before the token."""

from urllib.parse import urlsplit

from linking.core.config import IntegrationConfig
from linking.core.cors import is_listed
from linking.doctor.paste_request import Found
from linking.doctor.verdicts import Verdict, bad, good
from linking.tokens.http import REFUSED_FETCH_MODES

PAGE = "page"


def judge_page(found: Found, *, config: IntegrationConfig | None) -> list[Verdict]:
    """Return the verdict, none where the paste tells nothing of a page or no integration is known."""
    if found.fetch_mode in REFUSED_FETCH_MODES:
        return [bad(PAGE, "page_load", found=found.fetch_mode)]
    if not found.origin or config is None:
        return []
    if is_listed(found.origin, origins=config.allowed_origins):
        return [good(PAGE)]
    listed = next((one for one in sorted(config.allowed_origins) if _host(one) == _host(found.origin)), "")
    if listed:
        return [bad(PAGE, "origin_near", found=found.origin, listed=listed)]
    return [bad(PAGE, "origin_unlisted", found=found.origin)]


def _host(origin: str) -> str:
    try:
        return (urlsplit(origin).hostname or origin).removeprefix("www.")
    except ValueError:
        return origin
