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
from linking.integrations.drafts import (
    collect_values,
    create_from_draft,
    drop_draft,
    find_draft,
    keep_draft,
    open_secrets,
    propose_slug,
    split_good_secrets,
)
from linking.integrations.export import Comparison, Difference, Export, compare_settings, export_settings
from linking.integrations.own_password import find_password_flaw
from linking.integrations.progress import SetupProgress, find_integration, list_integrations, load_progress
from linking.integrations.references import allow_any_reference
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
from linking.integrations.trials import Trial, is_testable, try_config, try_secret

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
    "Trial",
    "allow_any_reference",
    "begin_connecting",
    "block_user",
    "check_integration",
    "collect_values",
    "compare_settings",
    "create_from_draft",
    "drop_draft",
    "export_settings",
    "find_account_authority",
    "find_draft",
    "find_integration",
    "find_password_flaw",
    "finish_connecting",
    "is_testable",
    "judge_integration",
    "judge_values",
    "keep_draft",
    "lift_block",
    "list_integrations",
    "load_progress",
    "open_secrets",
    "propose_slug",
    "rehearse_change",
    "rehearse_integration",
    "remove_integration",
    "save_integration",
    "split_good_secrets",
    "try_config",
    "try_secret",
]  # fmt: skip
