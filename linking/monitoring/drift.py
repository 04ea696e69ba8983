"""Infers what was changed at Zendesk, from signals of the sync and of the token endpoint."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from linking.clients.vendor_urls import RETIRED_HOST

# How far back new visitors count, and how many of them are needed for a conclusion.
WINDOW = timedelta(hours=24)
STRANGERS_AT_LEAST = 3
STRANGERS_TO_EACH_LINKED = 4
UNAUTHORIZED, FORBIDDEN = 401, 403


class Drift(StrEnum):
    """A change at Zendesk."""

    HOST_RETIRED = "host_retired"  # Zendesk switches the configured host off
    ACCESS_REVOKED = "access_revoked"  # a token that worked before is refused (401)
    SCOPE_LOST = "scope_lost"  # the token may no longer read (403)
    SIGNATURE_UNKNOWN = "signature_unknown"  # Zendesk no longer accepts the tokens that we sign


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSignals:
    """The signals of one integration.

    `refusal_status`: the HTTP status with which Zendesk refused the last sync, None unless that blocks the sync.
    `has_worked`: whether a sync was ever complete. `strangers`: anonymous new visitors of the last `WINDOW` with the
    e-mail address of a player who got a token in that time. `linked`: new visitors of that time who are linked.
    """

    api_url: str
    refusal_status: int | None
    has_worked: bool
    strangers: int
    linked: int


def infer_drift(signals: DriftSignals) -> tuple[Drift, ...]:
    """Return what `signals` suggest, most urgent first."""
    found = []
    if signals.has_worked and signals.refusal_status == UNAUTHORIZED:
        found.append(Drift.ACCESS_REVOKED)
    if signals.has_worked and signals.refusal_status == FORBIDDEN:
        found.append(Drift.SCOPE_LOST)
    if signals.strangers >= max(STRANGERS_AT_LEAST, STRANGERS_TO_EACH_LINKED * signals.linked):
        found.append(Drift.SIGNATURE_UNKNOWN)
    if urlsplit(signals.api_url).hostname == RETIRED_HOST:
        found.append(Drift.HOST_RETIRED)
    return tuple(found)
