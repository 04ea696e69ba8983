"""How Zendesk is asked, and what a pass asks for: paced, patient within bounds, tried again where that helps.

asker.py      one paced conversation with an account
work.py       a pass under way: its run, its lease, its counts
export.py     the export of chats, page by page, and pages that held records nobody could read
visitors.py   the visitors found, most useful first
bans.py       who is banned, once an hour
renewing.py   an access token that is about to end, or was refused
hosts.py      which of two addresses answers, where that is left to be found out
"""

from linking.asking.asker import (
    PAUSES_IN_A_ROW,
    TRIES,
    TRIES_AFTER_A_FAULT,
    Asker,
    Clock,
    Halt,
    Patience,
    budget_of,
    current_host,
    open_client,
)

__all__ = [
    "PAUSES_IN_A_ROW", "TRIES", "TRIES_AFTER_A_FAULT", "Asker", "Clock", "Halt", "Patience", "budget_of",
    "current_host", "open_client",
]  # fmt: skip
