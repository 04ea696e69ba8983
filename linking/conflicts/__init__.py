"""Conflicts: what Zendesk and Login disagree about, and what a lead decides.

`find` reads conflicts, `decisions` makes, undoes and changes a decision. The sync creates conflicts
(`sync/plans/conflict_rules.py` decides when).
"""

from linking.conflicts import decisions, find

__all__ = ["decisions", "find"]
