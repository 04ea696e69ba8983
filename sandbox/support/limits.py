"""Zendesk Support's request limits: a counter for each class, and their headers. Source: README M8."""

from __future__ import annotations

import math
from collections import Counter, deque

from sandbox.http1 import Response, respond_json
from sandbox.support.switches import SupportSwitches

ACCOUNT, USERS_CURSOR, INCREMENTAL, SAMPLE = "account", "users_cursor", "incremental", "sample"
OAUTH, SUNCO = "oauth", "sunco"  # counted, without a known limit
WINDOW_S = {SAMPLE: 1200.0}
MINUTE_S = 60.0
CLASS_HEADERS = {
    USERS_CURSOR: "Zendesk-RateLimit-incremental-exports-cursor",
    INCREMENTAL: "zendesk-ratelimit-incremental-exports",
}
TEXT_OF_429 = "Number of allowed API requests per minute exceeded"


class ClassLimiter:
    """Counts the calls of each class in a sliding window; refused calls do not count."""

    def __init__(self) -> None:
        self.taken_at: dict[str, deque[float]] = {}
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.highest: Counter[str] = Counter()

    def count(self, class_: str) -> None:
        """Count a call of a class without a limit."""
        self.calls[class_] += 1

    def take(self, *, class_: str, now_s: float, switches: SupportSwitches) -> float:
        """Count one call in its class and its account; return 0, or the seconds until one is free."""
        classes = list_classes(class_, switches)
        wait_s = max(self._find_wait(name, now_s, _find_limit(name, switches)) for name in classes)
        if wait_s > 0:
            self.refused[class_] += 1
            return wait_s
        self.calls[class_] += 1
        for name in classes:
            taken_at = self._drop_old(name, now_s)
            taken_at.append(now_s)
            self.highest[name] = max(self.highest[name], len(taken_at))
        return 0.0

    def build_headers(self, *, class_: str, now_s: float, switches: SupportSwitches) -> list[tuple[str, str]]:
        """Return the headers of the account, old and new, and those of the class. Source: README M8."""
        headers: list[tuple[str, str]] = []
        if switches.limit_headers and switches.account_limit:
            limit, left, resets_s = self._count_left(ACCOUNT, now_s, switches)
            headers = [
                ("X-Rate-Limit", str(limit)), ("X-Rate-Limit-Remaining", str(left)),
                ("ratelimit-limit", str(limit)), ("ratelimit-remaining", str(left)), ("ratelimit-reset", str(resets_s)),
            ]  # fmt: skip
        if switches.class_headers and class_ in CLASS_HEADERS:
            limit, left, resets_s = self._count_left(class_, now_s, switches)
            if limit:
                headers.append((CLASS_HEADERS[class_], f"total={limit}; remaining={left}; resets={resets_s}"))
        return headers

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return the counters: calls and refusals by class, and the most calls of a class within its window."""
        return {
            "calls_by_class": dict(sorted(self.calls.items())),
            "refused_by_class": dict(sorted(self.refused.items())),
            "window_max_by_class": dict(sorted(self.highest.items())),
        }

    def _find_wait(self, name: str, now_s: float, limit: int) -> float:
        taken_at = self._drop_old(name, now_s)
        if not limit or len(taken_at) < limit:
            return 0.0
        return max(0.001, taken_at[-limit] + WINDOW_S.get(name, MINUTE_S) - now_s)

    def _count_left(self, name: str, now_s: float, switches: SupportSwitches) -> tuple[int, int, int]:
        """Return the limit, the free calls, and the whole seconds until the oldest counted call expires."""
        taken_at, limit = self._drop_old(name, now_s), _find_limit(name, switches)
        resets_s = math.ceil(taken_at[0] + WINDOW_S.get(name, MINUTE_S) - now_s) if taken_at else 0
        return limit, max(0, limit - len(taken_at)), resets_s

    def _drop_old(self, name: str, now_s: float) -> deque[float]:
        taken_at = self.taken_at.setdefault(name, deque())
        while taken_at and taken_at[0] <= now_s - WINDOW_S.get(name, MINUTE_S):
            taken_at.popleft()
        return taken_at


def list_classes(class_: str, switches: SupportSwitches) -> list[str]:
    """Return the classes in which a call counts: its own, and the account's for all calls together."""
    if class_ == ACCOUNT or (class_ == USERS_CURSOR and not switches.cursor_in_account):
        return [class_]
    return [class_, ACCOUNT]


def build_refusal(*, body: str, headers: list[tuple[str, str]]) -> Response:
    """Return a 429 in one of the forms seen. Source: README M8, the 429 bodies."""
    if body == "text":
        return Response(429, TEXT_OF_429.encode(), "text/plain; charset=utf-8", headers)
    if body == "html":
        page = f"<!doctype html><title>429</title><h1>{TEXT_OF_429}</h1>"
        return Response(429, page.encode(), "text/html; charset=utf-8", headers)
    if body == "edge":
        edge = {"detail": "Rate limited by Zendesk edge protection", "status": "429", "title": "Automated response"}
        return respond_json(edge, status=429, headers=headers)
    sentence = "Number of allowed incremental export API requests per minute exceeded"
    return respond_json({"error": "APIRateLimitExceeded", "description": sentence}, status=429, headers=headers)


def _find_limit(name: str, switches: SupportSwitches) -> int:
    limits = {
        ACCOUNT: switches.account_limit,
        USERS_CURSOR: switches.users_cursor_limit,
        INCREMENTAL: switches.incremental_limit,
        SAMPLE: switches.sample_limit,
    }
    return limits[name]
