"""People: their groups (`roles`), signing in (`sign_in`, `one_time_links`, `sessions`), what admins do about them
(`people`), mail, the audit of what they do, and their `preferences`.

Nothing is imported here: the mail backend loads before the tables do.
"""

__all__ = [
    "audit", "mail", "one_time_links", "people", "person_audit", "preferences", "roles", "sessions", "sign_in",
]  # fmt: skip
