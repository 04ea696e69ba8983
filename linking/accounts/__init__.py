"""People: their groups (`roles`), signing in and administrator links (`sign_in`), mail, the audit of what they do,
and their `preferences`.

Nothing is imported here: the mail backend loads before the tables do.
"""

__all__ = ["audit", "mail", "preferences", "roles", "sign_in"]
