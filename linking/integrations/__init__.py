"""The settings feature: `saving.py` keeps integrations, `checking.py` tries both sides of one."""

from linking.integrations.checking import Check, check_integration
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
    "Saved",
    "check_integration",
    "judge_integration",
    "remove_integration",
    "save_integration",
]
