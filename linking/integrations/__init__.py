"""The settings feature: `saving.py` keeps integrations, `secrets.py` lets one secret follow another, `rehearsal.py`
tries that beforehand, `blocking.py` blocks users, `checking.py` tries both sides of an integration."""

from linking.integrations.blocking import block_user, lift_block
from linking.integrations.check_login import Check, check_integration
from linking.integrations.rehearsal import Rehearsal, rehearse_change, rehearse_integration
from linking.integrations.saving import (
    KEYS,
    SECRET_NAMES,
    Actor,
    BadIntegration,
    NoSuchIntegration,
    Saved,
    judge_integration,
    remove_integration,
    save_integration,
)

__all__ = [
    "KEYS",
    "SECRET_NAMES",
    "Actor",
    "BadIntegration",
    "Check",
    "NoSuchIntegration",
    "Rehearsal",
    "Saved",
    "block_user",
    "check_integration",
    "judge_integration",
    "lift_block",
    "rehearse_change",
    "rehearse_integration",
    "remove_integration",
    "save_integration",
]
