"""Switches between behaviours that are uncertain, and rules that spoil answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any
from zlib import crc32

from sandbox.http1 import Response
from sandbox.problem import Problem
from sandbox.world import spoilers

KINDS = ("status", "truncated", "slow", "drop", "drift", *spoilers.SENDING, *spoilers.BODIES)
NEED_THE_TRUTH = ("truncated", "slow", "drift", *spoilers.SENDING)
BODIES = ("json", "text", "html")
CHOICES: dict[str, tuple[str | int, ...]] = {
    "limit_body": BODIES,
    "limit_headers": ("none", "ticketing"),
    "limit_scope": ("account", "endpoint"),
    "legacy_gone_status": (404, 410),
    "error_body": ("json", "short", "text", "html"),
    "created_as": ("epoch", "iso"),
    "unlinked_as": ("missing", "null", "empty"),
    "embedded_visitor": ("full", "null", "missing"),
    "empty_page_cursor": ("keep", "null", "missing"),
    "visitor_list_status": (404, 405),
    "put_id_status": (400, 422),
    "put_external_id": ("ignore", "refuse"),
    "young_start_status": (400, 422),
    "list_count": ("page", "total"),
    "old_ban_created": ("missing", "null"),
    "missing_email": ("refuse", "accept"),
    "missing_exp": ("refuse", "accept"),
    "empty_keys": ("array", "object"),
    "hex_exponent": ("10001", "010001"),
    "invalid_token_status": (422, 400, 401),
    "validate_banned": ("accept", "refuse"),
    "validate_revoked": ("accept", "refuse"),
}
ZENDESK_PATHS = r"^/api/v2(/|$)"
LONGEST_DELAY_S = 120.0


@dataclass(slots=True)
class Switches:
    """Behaviours to choose from; the default is the likeliest by the known facts."""

    limit_per_minute: int = 200  # 0 lifts the limit
    limit_body: str = "json"
    limit_headers: str = "none"
    limit_scope: str = "account"
    legacy_prefix: bool = True
    legacy_gone_status: int = 404
    error_body: str = "json"
    created_as: str = "epoch"
    unlinked_as: str = "missing"
    embedded_visitor: str = "full"
    ignore_start_id: bool = False
    repeat_cursor: bool = False
    empty_page_cursor: str = "keep"
    export_page_at_most: int = 1000
    young_start_status: int = 400
    visitor_list_status: int = 404
    put_id_status: int = 400
    put_external_id: str = "ignore"
    list_count: str = "page"
    prev_url: bool = False
    search_external_id: bool = False
    billing: bool = True
    deleted_in_export: bool = True
    old_ban_created: str = "missing"
    missing_email: str = "refuse"
    missing_exp: str = "refuse"
    empty_keys: str = "array"
    hex_exponent: str = "10001"
    server_bearer: bool = False
    invalid_token_status: int = 422
    validate_banned: str = "accept"
    validate_revoked: str = "accept"
    token_life_s: int = 0  # of OAuth access tokens; 0: no end, and no `expires_in`
    refresh_once: bool = True

    def set(self, wishes: dict[str, Any]) -> None:
        """Set the switches. Raises: Problem 400 for an invalid value; then nothing changes."""
        for name, value in wishes.items():
            if type(value) is not type(getattr(self, name)):
                raise Problem(400, "Bad Request", f"{name} has the wrong type.")
            if value not in CHOICES.get(name, (value,)):
                raise Problem(400, "Bad Request", f"{name} must be one of {', '.join(map(str, CHOICES[name]))}.")
            if name in ("limit_per_minute", "token_life_s") and value < 0:
                raise Problem(400, "Bad Request", f"{name} must not be negative.")
            if name == "export_page_at_most" and not 1 <= value <= 1000:
                raise Problem(400, "Bad Request", f"{name} must be 1 to 1000.")
        for name, value in wishes.items():
            setattr(self, name, value)


SWITCH_NAMES = frozenset(item.name for item in fields(Switches))


@dataclass(slots=True)
class Rule:
    """Spoils every `every`-th answer whose path matches, at most `times` times (0 = always), skipping `after` first.

    Of these a `share` is response at random; the same `seed` chooses the same calls.
    """

    every: int = 1
    share: float = 1.0
    seed: int = 0
    times: int = 0
    after: int = 0
    kind: str = "status"
    status: int = 429
    retry_after: int | float | str | None = None
    body: str = "json"
    path: str = ZENDESK_PATHS
    method: str = ""
    delay_s: float = 0.0
    field: str = ""  # the field that `drift` changes, as `chats.visitor.id`: to `value`, or removed with `missing`
    value: Any = None
    missing: bool = False
    matched: int = 0
    fired: int = 0

    def check(self) -> None:
        """Raise Problem 400 naming the first key with an invalid value."""
        values: dict[str, Any] = asdict(self)  # straight from JSON, so not necessarily of the declared types
        for name in ("every", "times", "after", "status"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise Problem(400, "Bad Request", f"{name} must be a whole number.")
        if self.kind not in KINDS or self.body not in BODIES:
            raise Problem(400, "Bad Request", f"kind is one of {', '.join(KINDS)}; body one of {', '.join(BODIES)}.")
        if type(values["share"]) not in (int, float) or not 0 <= self.share <= 1 or type(values["seed"]) is not int:
            raise Problem(400, "Bad Request", "share must be from 0 to 1, seed a whole number.")
        if not 200 <= self.status <= 599:
            raise Problem(400, "Bad Request", "status must be from 200 to 599.")
        if type(values["delay_s"]) not in (int, float) or not 0 <= self.delay_s <= LONGEST_DELAY_S:
            raise Problem(400, "Bad Request", f"delay_s must be from 0 to {LONGEST_DELAY_S:.0f} seconds.")
        if any(type(values[name]) is not str for name in ("path", "method", "field")):
            raise Problem(400, "Bad Request", "path, method and field must be text.")
        if self.kind == "drift" and not self.field:
            raise Problem(400, "Bad Request", "drift needs the field it changes.")
        try:
            re.compile(self.path)
        except re.error:
            raise Problem(400, "Bad Request", "path is no regular expression.") from None

    def should_spoil(self, *, method: str, path: str) -> bool:
        """Count a call and return whether to spoil it."""
        if (self.method and self.method.upper() != method) or not re.search(self.path, path):
            return False
        self.matched += 1
        due = self.matched - self.after
        if due <= 0 or due % self.every or (self.times and self.fired >= self.times):
            return False
        if crc32(f"{self.seed}/{self.matched}".encode()) >= self.share * 2**32:
            return False
        self.fired += 1
        return True

    def spoil(self, answer: Response | None, *, render: Callable[[Problem], Response]) -> Response:
        """Return the spoiled response. `answer` is the true one, needed only by the kinds of NEED_THE_TRUTH.

        `render` puts a problem into the shape of the service.
        """
        if self.kind == "drop":
            return Response(drop=True)
        response = spoilers.spoil_body(kind=self.kind, answer=answer)
        if response is not None:
            return response
        if answer is not None and self.kind == "drift":
            return spoilers.change_field(answer, field=self.field, value=self.value, missing=self.missing)
        if answer is not None and self.kind == "truncated":
            answer.cut = 0.5
        if answer is not None and self.kind in ("truncated", "slow"):
            return answer
        headers = [] if self.retry_after is None else [("Retry-After", str(self.retry_after))]
        if self.body == "json":
            sentence = f"Answered {self.status} on purpose."
            return render(Problem(self.status, _describe_status(self.status), sentence, headers=tuple(headers)))
        return build_error_page(status=self.status, body=self.body, headers=headers)


RULE_NAMES = frozenset(item.name for item in fields(Rule)) - {"matched", "fired"}


def build_error_page(*, status: int, body: str, headers: list[tuple[str, str]]) -> Response:
    """Return an error as JSON, plain text or HTML; Zendesk's 429s are not always JSON.

    Source: README Z6 (429: body unknown on Chat, text or HTML elsewhere at Zendesk).
    """
    words = _describe_status(status)
    if body == "text":
        return Response(status=status, body=words.encode(), content_type="text/plain; charset=utf-8", headers=headers)
    if body == "html":
        page = f"<!doctype html><html><head><title>{status}</title></head><body><h1>{words}</h1></body></html>"
        return Response(status=status, body=page.encode(), content_type="text/html; charset=utf-8", headers=headers)
    text = f'{{"error":"{words}","description":"Answered {status} by the limit."}}'
    return Response(status=status, body=text.encode(), headers=headers)


def _describe_status(status: int) -> str:
    """Return the words for an error of which only the status is known."""
    return "Rate limit exceeded" if status == 429 else "Something went wrong"


class Faults:
    """The current rules in the order of setting; the first that applies decides."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def set_rules(self, wishes: list[dict[str, Any]], *, add: bool) -> None:
        """Replace the rules, or add to them; rules with `every` 0 are left out. Raises: Problem 400."""
        rules = [Rule(**wish) for wish in wishes]
        for rule in rules:
            rule.check()
        current = self.rules if add else []
        self.rules = current + [rule for rule in rules if rule.every]

    def find_rule(self, *, method: str, path: str) -> Rule | None:
        """Return the rule that spoils this call, or None."""
        return next((rule for rule in self.rules if rule.should_spoil(method=method, path=path)), None)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the rules with their counts."""
        return [asdict(rule) for rule in self.rules]
