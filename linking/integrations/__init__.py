"""Integrations: their settings (`settings.py`, stored by `saving.py`), their secrets (`secrets.py`, a change tried in
`rehearsal.py`), the settings as JSON (`export.py`), checks of both sides (`check_*.py`), Connect with Zendesk
(`connecting.py`) and blocked players.
"""

from linking.integrations.blocking import block_user, lift_block
from linking.integrations.check_login import check_integration
from linking.integrations.check_zendesk import Check
from linking.integrations.connecting import (
    CannotConnect,
    ConnectFlaw,
    begin_connecting,
    find_account_authority,
    finish_connecting,
)
from linking.integrations.export import Comparison, Difference, Export, compare_settings, export_settings
from linking.integrations.progress import SetupProgress, find_integration, list_integrations, load_progress
from linking.integrations.rehearsal import Rehearsal, rehearse_change, rehearse_integration
from linking.integrations.saving import (
    Actor,
    BadIntegration,
    SaveResult,
    SettingWarning,
    judge_integration,
    judge_values,
    remove_integration,
    save_integration,
)
from linking.integrations.settings import (
    KEYS,
    PRODUCT_HELP,
    RULES,
    SECRET_NAMES,
    SECRETS,
    SETTINGS,
    FormSection,
    Setting,
)

__all__ = [
    "KEYS",
    "PRODUCT_HELP",
    "RULES",
    "SECRETS",
    "SECRET_NAMES",
    "SETTINGS",
    "Actor",
    "BadIntegration",
    "CannotConnect",
    "Check",
    "Comparison",
    "ConnectFlaw",
    "Difference",
    "Export",
    "FormSection",
    "Rehearsal",
    "SaveResult",
    "Setting",
    "SettingWarning",
    "SetupProgress",
    "begin_connecting",
    "block_user",
    "check_integration",
    "compare_settings",
    "export_settings",
    "find_account_authority",
    "find_integration",
    "finish_connecting",
    "judge_integration",
    "judge_values",
    "lift_block",
    "list_integrations",
    "load_progress",
    "rehearse_change",
    "rehearse_integration",
    "remove_integration",
    "save_integration",
]  # fmt: skip
