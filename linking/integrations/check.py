"""One line of a connection check, and what a person is asked to do where Zendesk refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CALL_A_PERSON: Mapping[str, str] = MappingProxyType(
    {
        "credentials": "Make a new access token: Connect with Zendesk on the set-up page, or set zendesk_access_token.",
        "scope": "The token must belong to an administrator and have the scope read.",
        "host": "Check zendesk_subdomain or zendesk_api_url.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing tried; `sentence` says what was found and, where it failed, what to do. Never a secret."""

    name: str
    is_ok: bool
    sentence: str
