"""Passes: what a panel that was opened shows when it asks about a person. Signed by Django's key, stored nowhere.

A pass lives for ten minutes and each answer brings a fresh one, up to eight hours after the start, which is how long a
sign-in lasts. docs/decisions/0029-panel.md says why.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from linking.core.config import IntegrationConfig

PASS_LIFE = timedelta(minutes=10)
PASSES_END_AFTER = timedelta(hours=8)
# For machines whose clocks differ: a pass of one is shown to another.
CLOCKS_DIFFER_S = 60
PASS_MAX_CHARACTERS = 1000
_SIGNER = signing.Signer(salt="linking.panel.pass")


class PassFlaw(StrEnum):
    """Why a pass is refused."""

    MISSING = "pass_missing"
    INVALID = "pass_invalid"
    EXPIRED = "pass_expired"


class PassRefused(Exception):
    """A pass is refused; `flaw` says why."""

    def __init__(self, flaw: PassFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelPass:
    """A pass that was believed. `start` is the same for all passes of one panel, `agent` a mark that names nobody."""

    start: str
    agent: str
    begun_epoch_s: int
    issued_epoch_s: int


def issue_pass(*, config: IntegrationConfig, agent: str, now: float) -> tuple[PanelPass, str]:
    """Return the first pass of a panel that has just started, and its text; `now` is in epoch seconds."""
    mark = salted_hmac("linking.panel.agent", agent, algorithm="sha256").hexdigest()[:12] if agent else ""
    first = PanelPass(start=secrets.token_hex(8), agent=mark, begun_epoch_s=int(now), issued_epoch_s=int(now))
    return first, _sign(first, config=config)


def renew_pass(held: PanelPass, *, config: IntegrationConfig, now: float) -> str:
    """Return the text of a fresh pass for the panel that holds one; "" when its day is over."""
    if now >= held.begun_epoch_s + PASSES_END_AFTER.total_seconds():
        return ""
    return _sign(replace(held, issued_epoch_s=int(now)), config=config)


def read_pass(text: str, *, config: IntegrationConfig | None, now: float) -> PanelPass:
    """Return the pass in `text`, where it is one of this integration and its app as they are now.

    Raises: PassRefused.
    """
    if not text:
        raise PassRefused(PassFlaw.MISSING)
    if config is None or not config.is_enabled or len(text) > PASS_MAX_CHARACTERS:
        raise PassRefused(PassFlaw.INVALID)
    try:
        content: dict[str, Any] = _SIGNER.unsign_object(text)
    except signing.BadSignature as error:
        raise PassRefused(PassFlaw.INVALID) from error
    if content["app"] != _mark_app(config):
        raise PassRefused(PassFlaw.INVALID)
    held = PanelPass(
        start=content["start"], agent=content["agent"], begun_epoch_s=content["begun"], issued_epoch_s=content["issued"]
    )
    if not -CLOCKS_DIFFER_S <= now - held.issued_epoch_s < PASS_LIFE.total_seconds():
        raise PassRefused(PassFlaw.EXPIRED)
    return held


def _sign(held: PanelPass, *, config: IntegrationConfig) -> str:
    return _SIGNER.sign_object(
        {
            "app": _mark_app(config),
            "start": held.start,
            "agent": held.agent,
            "begun": held.begun_epoch_s,
            "issued": held.issued_epoch_s,
        }
    )


def _mark_app(config: IntegrationConfig) -> str:
    """Return a mark of the integration and its app, so that a change of either ends the passes given out before."""
    parts = (str(config.integration_id), config.slug, config.zendesk_app_audience, config.zendesk_app_public_key)
    return sha256("\n".join(parts).encode()).hexdigest()[:24]
