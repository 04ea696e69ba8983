"""The sync: reads chats and visitors from Zendesk and keeps which visitor is which Login user.

`run` makes one pass (read, plan, store), `schedule` says when the next is due, `refresh` and `unknown_visitors` read a
visitor at once, `webhook` takes Zendesk's calls. Others reach what `store/` keeps by the names below, never past them.
"""

from linking.sync import (
    facts,
    find_host,
    history,
    paced_calls,
    plans,
    rate,
    refresh,
    renew_token,
    run,
    schedule,
    unknown_visitors,
    webhook,
    webhook_calls,
    work,
)
from linking.sync.store import blocked_links, connections, leases, lookups, questions, webhook_deliveries, wishes

__all__ = [
    "blocked_links", "connections", "facts", "find_host", "history", "leases", "lookups", "paced_calls", "plans",
    "questions", "rate", "refresh", "renew_token", "run", "schedule", "unknown_visitors", "webhook", "webhook_calls",
    "webhook_deliveries", "wishes", "work",
]  # fmt: skip
