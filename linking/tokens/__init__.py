"""Tokens: a player's Login JWT in, a Zendesk JWT out.

`endpoint.serve` answers a request; `login_jwt`, `jws` and `cookies` hold the rules, `refusals` every refusal. The token
doctor reads the same rules. `sightings`, `answer_counts`, `clock_offsets` and `refused_players` write behind what was
seen.
"""

__all__ = [
    "answer_counts", "clock_offsets", "clock_reading", "cookies", "email_lookup", "endpoint", "http", "jws",
    "key_fetching", "login_jwt", "refusals", "refused_players", "sightings", "write_behind", "zendesk_jwt",
]  # fmt: skip
