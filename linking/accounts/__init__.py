"""People: their groups (`roles`), signing in here (`sign_in`, `one_time_links`, `sessions`) and at an issuer
(`single_sign_on/`), what admins do about them (`people`), mail, the audit of what they do, their
`preferences` and their `api_tokens`.

Nothing is imported here: the mail backend loads before the tables do.
"""

__all__ = [
    "admin_passwords", "api_tokens", "audit", "devices", "mail", "notices",
    "one_time_links", "passwords", "people", "person_audit", "preferences", "roles", "sessions", "sign_in",
    "sign_ins", "single_sign_on",
]  # fmt: skip
