"""The sync: reads chats and visitors from Zendesk and stores which visitor is which Login user.

`run` makes one pass (read, plan, store), `schedule` says when the next is due, `refresh` and `unknown_visitors` read a
visitor at once, `webhook` takes Zendesk's calls, `controls` what people ask of it, `history` what it did. `plans/`
decides, `store/` keeps. Other rooms import the names below, never past them.
"""

from linking.sync import history, refresh, run, schedule, unknown_visitors, webhook
from linking.sync.calls_with_retries import Clock, PassStopped, Patience
from linking.sync.chat import zendesk_host
from linking.sync.messaging import fetch_token
from linking.sync.store import connections, controls, lookups, parted_links

__all__ = [
    "Clock", "PassStopped", "Patience", "connections", "controls", "fetch_token", "history", "lookups", "parted_links",
    "refresh", "run", "schedule", "unknown_visitors", "webhook", "zendesk_host",
]  # fmt: skip
