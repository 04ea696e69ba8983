"""The panel inside Zendesk: who the person of a ticket or chat is in Login, beside the conversation.

`signed_start` judges the token with which Zendesk starts the app, `starts` lets each count once and gives out a pass,
`passes` reads passes, `app_package` makes the app that an admin uploads. The page and its card are in the dashboard.
"""

from linking.panel.app_package import AppRefused, build_app, find_file_name
from linking.panel.passes import PASS_LIFE, PanelPass, PassFlaw, PassRefused, read_pass, renew_pass
from linking.panel.signed_start import StartReason, StartRefused
from linking.panel.starts import OpenPanel, open_panel

__all__ = [
    "PASS_LIFE", "AppRefused", "OpenPanel", "PanelPass", "PassFlaw", "PassRefused", "StartReason", "StartRefused",
    "build_app", "find_file_name", "open_panel", "read_pass", "renew_pass",
]  # fmt: skip
