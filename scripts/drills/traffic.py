"""Asks for tokens at a steady rate from several threads, and judges every answer."""

import http.client
import json
import queue
import select
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

import jwt

# Connections that are kept open.
CLIENTS = 8
ANSWER_LIMIT_S = 10.0
PLAYERS = 40
ISSUER = "https://login.xsolla.com"


class Verdict(StrEnum):
    """What became of one request."""

    RIGHT = "right"
    REFUSED = "refused"
    WRONG = "wrong"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was due (monotonic seconds), how long after that the answer came, and what it was."""

    due_at_s: float
    latency_s: float
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The answers of a stretch, counted."""

    counts: Counter[Verdict]
    reasons: Counter[str]
    latencies_s: Sequence[float]

    @property
    def total(self) -> int:
        """How many were requested."""
        return len(self.latencies_s)

    @property
    def is_spotless(self) -> bool:
        """Whether some were requested and all were answered rightly."""
        return 0 < self.total == self.counts[Verdict.RIGHT]

    def __str__(self) -> str:
        if not self.latencies_s:
            return "no tokens requested"
        others = "".join(f", {self.counts[one]} {one}" for one in Verdict if one is not Verdict.RIGHT)
        reasons = f" ({', '.join(f'{name} ×{number}' for name, number in self.reasons.most_common(4))})"
        p50, p99 = (find_quantile(self.latencies_s, share=share) * 1000 for share in (0.5, 0.99))
        return (
            f"{self.counts[Verdict.RIGHT]} of {self.total} right{others}{reasons if self.reasons else ''}; "
            f"p50 {p50:.1f}, p99 {p99:.1f}, max {max(self.latencies_s) * 1000:.0f} ms"
        )


def count_answers(answers: Sequence[Answer]) -> Tally:
    """Return the answers counted."""
    return Tally(
        counts=Counter(one.verdict for one in answers),
        reasons=Counter(one.reason for one in answers if one.reason),
        latencies_s=[one.latency_s for one in answers],
    )


def find_quantile(values: Sequence[float], *, share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-len(ordered) * share // 1) - 1))]


def judge(*, status: int, body: bytes, user_id: str, shared_secret: str) -> tuple[Verdict, str]:
    """Return the verdict on an answer, and why it is not right.

    Right is a token for this player under this secret; any other token is wrong, and so is an error that is not JSON.
    """
    try:
        found = json.loads(body)
        if status != http.HTTPStatus.OK:
            return Verdict.REFUSED, f"{status} {found['code']} {found['reason']}"
        claims = jwt.decode(found["token"], shared_secret, algorithms=["HS256"], leeway=3600)
    except (ValueError, KeyError, TypeError, jwt.InvalidTokenError) as error:
        return Verdict.WRONG, f"{status} {type(error).__name__}"
    if claims.get("external_id") != user_id:
        return Verdict.WRONG, "the token of another player"
    return Verdict.RIGHT, ""


@dataclass(kw_only=True)
class Players:
    """Players of one Login project with their Login JWTs; `login_secret` may change while they play."""

    project_id: str
    login_secret: str
    shared_secret: str
    more_user_ids: Sequence[str] = ()
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def find_user_id(self, number: int) -> str:
        """Return the user ID of the request with this number."""
        extra = len(self.more_user_ids)
        place = number % (PLAYERS + extra)
        return self.more_user_ids[place] if place < extra else str(uuid.UUID(int=place, version=4))

    def find_token(self, user_id: str) -> str:
        """Return the Login JWT of a player under the present secret, made once."""
        key = (user_id, self.login_secret)
        if key not in self._tokens:
            self._tokens[key] = self.make_token(user_id)
        return self._tokens[key]

    def make_token(self, user_id: str, *, email: str = "") -> str:
        """Return a fresh Login JWT."""
        now = int(time.time())
        claims = {
            "iss": ISSUER, "sub": user_id, "email": email or f"{user_id[:8]}@player.example",
            "xsolla_login_project_id": self.project_id, "iat": now, "exp": now + 43_200,
        }  # fmt: skip
        return jwt.encode(claims, self.login_secret, algorithm="HS256")


class Traffic:
    """A stream of requests to the web roles on `ports`, at `rate` a second.

    Like a proxy, it asks the next port when a connection is refused or ends without an answer, once.
    """

    def __init__(self, *, ports: Sequence[int], rate: float, players: Players, slug: str) -> None:
        self._ports, self._rate, self._players, self._path = ports, rate, players, f"/generate/token/{slug}"
        self._due: queue.Queue[tuple[int, float] | None] = queue.Queue()
        self._is_over = threading.Event()
        self._answers: list[Answer] = []
        self._threads = [threading.Thread(target=self._send_due, daemon=True) for _ in range(CLIENTS)]
        self._pacer = threading.Thread(target=self._pace, daemon=True)

    def start(self) -> None:
        """Begin to send."""
        for thread in (*self._threads, self._pacer):
            thread.start()

    def stop(self) -> Tally:
        """Stop sending, wait for the last answers and return all of them, counted."""
        self._is_over.set()
        self._pacer.join()
        for thread in self._threads:
            thread.join(timeout=2 * ANSWER_LIMIT_S)
        return count_answers(self._answers)

    def count_between(self, begin_s: float, end_s: float) -> Tally:
        """Return the answers to what was due between two moments (monotonic seconds), counted."""
        return count_answers([one for one in list(self._answers) if begin_s <= one.due_at_s < end_s])

    def _pace(self) -> None:
        begun_at_s, number = time.monotonic(), 0
        while not self._is_over.is_set():
            due_at_s = begun_at_s + number / self._rate
            time.sleep(max(0.0, due_at_s - time.monotonic()))
            self._due.put((number, due_at_s))
            number += 1
        for _ in self._threads:
            self._due.put(None)

    def _send_due(self) -> None:
        connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S) for port in self._ports]
        while (due := self._due.get()) is not None:
            number, due_at_s = due
            verdict, reason = self._send(connections, number=number)
            # From when it was due, so that a stalled stream is not taken for a fast one.
            latency_s = time.monotonic() - due_at_s
            self._answers.append(Answer(due_at_s=due_at_s, latency_s=latency_s, verdict=verdict, reason=reason))

    def _send(self, connections: list[http.client.HTTPConnection], *, number: int) -> tuple[Verdict, str]:
        user_id = self._players.find_user_id(number)
        headers = {"Authorization": f"Bearer {self._players.find_token(user_id)}"}
        reason = ""
        for attempt in range(2):
            connection = connections[(number + attempt) % len(connections)]
            close_if_ended(connection)
            try:
                connection.request("GET", self._path, headers=headers)
                answer = connection.getresponse()
                return judge(
                    status=answer.status, body=answer.read(), user_id=user_id, shared_secret=self._players.shared_secret
                )
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                reason = type(error).__name__
                if isinstance(error, TimeoutError):
                    break
        return Verdict.LOST, reason


def close_if_ended(connection: http.client.HTTPConnection) -> None:
    """Close a kept connection that the server has closed, as a proxy does before it sends the next request on it."""
    if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
        connection.close()


@contextmanager
def run_traffic(*, ports: Sequence[int], rate: float, players: Players, slug: str) -> Iterator[Traffic]:
    """Send tokens while the body runs."""
    traffic = Traffic(ports=ports, rate=rate, players=players, slug=slug)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()


def measure_until(condition: Callable[[], bool], *, limit_s: float, step_s: float = 0.2) -> float | None:
    """Return after how many seconds a condition came true, None if it did not within the limit."""
    begun_at_s = time.monotonic()
    while not condition():
        if time.monotonic() - begun_at_s > limit_s:
            return None
        time.sleep(step_s)
    return time.monotonic() - begun_at_s
