"""What has changed at Zendesk behind our back, inferred from what the sync and the token route noticed."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from linking.clients.vendor_urls import RETIRED_HOST

# How far back new visitors are looked at, and how many of them must tell the same story.
WINDOW = timedelta(hours=24)
STRANGERS_AT_LEAST = 3
STRANGERS_TO_EACH_LINKED = 4
UNAUTHORIZED, FORBIDDEN = 401, 403


class Drift(StrEnum):
    """What changed there."""

    HOST_RETIRED = "host_retired"  # the address is of a host that Zendesk switches off
    ACCESS_REVOKED = "access_revoked"  # a token that worked is refused (401)
    SCOPE_LOST = "scope_lost"  # the token is known, but may not read any more (403)
    SIGNATURE_UNKNOWN = "signature_unknown"  # tokens we sign no longer make authenticated visitors


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSignals:
    """What was noticed of one integration.

    `refusal_status`: the one Zendesk refused the last pass with, None unless the sync is blocked by that.
    `has_worked`: whether a pass was ever complete. `strangers`: new visitors of the last `WINDOW` who chat as nobody
    under the e-mail address of a user who got a token in that time; `linked`: new visitors of that time who are linked.
    """

    api_url: str
    refusal_status: int | None
    has_worked: bool
    strangers: int
    linked: int


def infer(noticed: DriftSignals) -> tuple[Drift, ...]:
    """Return what has changed, judging by what was noticed; most urgent first."""
    found = []
    if noticed.has_worked and noticed.refusal_status == UNAUTHORIZED:
        found.append(Drift.ACCESS_REVOKED)
    if noticed.has_worked and noticed.refusal_status == FORBIDDEN:
        found.append(Drift.SCOPE_LOST)
    if noticed.strangers >= max(STRANGERS_AT_LEAST, STRANGERS_TO_EACH_LINKED * noticed.linked):
        found.append(Drift.SIGNATURE_UNKNOWN)
    if urlsplit(noticed.api_url).hostname == RETIRED_HOST:
        found.append(Drift.HOST_RETIRED)
    return tuple(found)
