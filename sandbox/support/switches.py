"""Switches of the imitated Support account: behaviours that are uncertain or depend on the account. See README.md."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sandbox.problem import Problem

CHOICES: dict[str, tuple[str | int, ...]] = {
    "limit_body": ("json", "text", "edge", "html"),
    "refused_cursor_status": (400, 404, 422),
    "young_start_s": (60, 300),
    "too_many_ids_status": (400, 413, 422),
    "bad_client_status": (401, 400),
    "forbidden_body": ("object", "text"),
    "bad_token_at_me": ("refuse", "anonymous"),
    "deleted_user": ("shown", "missing"),
    "public_key_form": ("pem", "json"),
    "token_text": ("opaque", "jwt"),
    "zendesk_id": ("with_ticket", "null", "missing"),
    "event_names": ("colon", "slash"),
    "merged_event_names": ("loser", "survivor"),
    "claim_addresses": ("verified", "both"),
}
BOUNDS = {"page_at_most": (1, 1000), "event_time_digits": (0, 9), "sunco_events_per_call": (1, 100)}
HIGHEST = 1_000_000


@dataclass(slots=True)
class SupportSwitches:
    """Behaviours to choose from; the default is the likeliest by the known facts."""

    account_limit: int = 200  # calls a minute, 0 lifts the limit. Source: README M8, Suite Team
    users_cursor_limit: int = 20
    incremental_limit: int = 10
    sample_limit: int = 10  # in twenty minutes. Source: README M4
    cursor_in_account: bool = True  # whether users-cursor calls count in the account class too: unknown
    limit_body: str = "json"
    limit_headers: bool = True
    class_headers: bool = True
    hold_back_s: float = 60.0
    young_start_s: int = 60
    page_at_most: int = 1000
    repeat_cursor: bool = False  # the feed is at-least-once: each page begins with the last user of the one before
    empty_pages: int = 0  # the next pages of the users cursor that come empty with `end_of_stream: false`
    refused_cursor_status: int = 400
    too_many_ids_status: int = 400
    shuffle: bool = True  # the order of `show_many`
    deleted_user: str = "shown"
    deleted_keeps_external_id: bool = True
    api_tokens_ended: bool = False  # after 2027-04-30
    bad_client_status: int = 401
    forbidden_body: str = "object"
    bad_token_at_me: str = "refuse"
    token_text: str = "opaque"
    public_key_form: str = "pem"
    token_calls: int = 0  # an access token is refused after that many calls; 0: only its time ends it
    users_read_opens_incremental: bool = False
    flagged_account: bool = False  # the external ID stays null
    claim_addresses: str = "verified"
    bot: bool = False  # a bot answers alone until the player wants a person
    support_delay_s: float = 0.0  # until Support shows what a conversation or a sign-in did
    identities_delay_s: float = 5.0
    zendesk_id: str = "with_ticket"
    event_names: str = "colon"
    event_time_digits: int = 9
    event_duplicate_every: int = 0
    event_loss_every: int = 0
    event_disorder: bool = False
    event_patience_s: float = 10.0
    breaker_pause_s: float = 60.0
    sunco_events_per_call: int = 1
    merged_event_names: str = "loser"

    def set(self, wishes: dict[str, Any]) -> None:
        """Set the switches. Raises: Problem 400 for an unknown name or an invalid value; then nothing changes."""
        unknown = sorted(set(wishes) - SWITCH_NAMES)
        if unknown:
            raise Problem(400, "Bad Request", f"Unknown keys: {', '.join(unknown)}. Known: {', '.join(SWITCH_NAMES)}.")
        for name, value in wishes.items():
            self._check(name, value)
        for name, value in wishes.items():
            setattr(self, name, float(value) if isinstance(getattr(self, name), float) else value)

    def _check(self, name: str, value: Any) -> None:
        """Raise Problem 400 when the value does not fit the switch."""
        current = type(getattr(self, name))
        if type(value) is not current and not (current is float and type(value) is int):
            raise Problem(400, "Bad Request", f"{name} has the wrong type.")
        if value not in CHOICES.get(name, (value,)):
            raise Problem(400, "Bad Request", f"{name} must be one of {', '.join(map(str, CHOICES[name]))}.")
        if isinstance(value, int | float):
            low, high = BOUNDS.get(name, (0, HIGHEST))
            if not low <= value <= high:
                raise Problem(400, "Bad Request", f"{name} must be from {low} to {high}.")


SWITCH_NAMES = {item.name: None for item in fields(SupportSwitches)}.keys()
