"""The prefixes of Zendesk's older host, which can be switched off. Source: README Z1."""

from __future__ import annotations

from sandbox.problem import Problem
from sandbox.routing import Call
from sandbox.world.box import Box


def add_legacy(box: Box, prefix: str, legacy: str) -> tuple[str, ...]:
    """Return the prefixes in use; an older prefix that answers 410 is in use."""
    switches = box.switches
    known = switches.legacy_prefix or switches.legacy_gone_status != 404
    return (prefix, legacy) if known else (prefix,)


def refuse_gone_prefix(call: Call, legacy: str) -> None:
    """Raise Problem 410 when the call uses the older prefix and it is switched off."""
    if call.base.endswith(legacy) and not call.box.switches.legacy_prefix:
        raise Problem(410, "Gone", "This address is no longer served; use the one under /chat.")
