"""Conflicts: what Zendesk and Login disagree about, and what a lead decides.

`queue` lists conflicts, `find` reads one of them, `decisions` makes, undoes and changes a decision, `bulk` decides many
at once. `owners` says who works on a conflict, `flags` who asks that a lead looks at it. The sync creates conflicts
(`sync/plans/conflict_rules.py` decides when).
"""

from linking.conflicts import bulk, decisions, find, flags, owners, queue

__all__ = ["bulk", "decisions", "find", "flags", "owners", "queue"]
