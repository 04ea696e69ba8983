"""Joins the counts of several processes through Redis, from a thread: no request ever waits for Redis.

Each exchange adds what this process let through since the last one, atomically, and learns what all of them did. So a
key may get a little more than its budget, at most what every process lets through in one interval. With Redis away
each process counts by itself, and asks again after a pause.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from linking.core.gcra import MINUTE_S
from linking.limits.counting import Limiter, list_shared_limiters

EXCHANGE_EVERY_S = 0.25
TIMEOUT_S = 0.25
PAUSE_AFTER_ERROR_S = 5.0
BATCH = 500
_PREFIX = "zdbridge:limit"

# One number a key: the time (by Redis's clock) up to which its budget is spent. KEYS are the keys; ARGV is the interval
# in seconds, then how many were let through of each. Returns how far ahead each budget now is, in seconds, as text: a
# number would lose its fraction on the way.
_EXCHANGE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local ahead = {}
for place, key in ipairs(KEYS) do
    local spent = tonumber(redis.call('GET', key) or '0')
    local at_most = now + 60
    spent = math.min(math.max(spent, now) + tonumber(ARGV[1]) * tonumber(ARGV[place + 1]), at_most)
    redis.call('SET', key, string.format('%.6f', spent), 'PX', math.ceil((spent - now) * 1000) + 1000)
    ahead[place] = string.format('%.6f', spent - now)
end
return ahead
"""

logger = logging.getLogger(__name__)


class Store(Protocol):
    """What is needed of a Redis client's registered script."""

    def __call__(self, *, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run the exchange."""


class _Sharing:
    thread: threading.Thread | None = None
    lock = threading.Lock()


@dataclass(slots=True)
class Exchange:
    """Exchanges with one Redis. `paused_until_s` is on a clock that only rises."""

    store: Store
    paused_until_s: float = 0.0
    errors: int = 0
    _was_away: bool = field(default=False, init=False)

    def run(self, *, limiters: Sequence[Limiter], now: float, clock_s: float) -> None:
        """Join the counts of `limiters` at `now` (epoch seconds); does nothing while paused after an error.

        What cannot be told to Redis is dropped: told later it would be charged all at once, and this process has
        counted it anyway.
        """
        for limiter in limiters:
            spent = limiter.take_spent()
            if clock_s < self.paused_until_s:
                continue
            keys = sorted(spent)
            try:
                for start in range(0, len(keys), BATCH):
                    self._one_batch(limiter, spent={key: spent[key] for key in keys[start : start + BATCH]}, now=now)
            except (redis.RedisError, OSError) as error:
                self._pause(error, clock_s=clock_s)
                continue
            self._was_away = False

    def _one_batch(self, limiter: Limiter, *, spent: dict[str, int], now: float) -> None:
        # Addresses and user IDs stay here: Redis only sees what they hash to.
        names = [
            f"{_PREFIX}:{limiter.shared_as}:{sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}" for key in spent
        ]
        found = self.store(keys=names, args=[MINUTE_S / limiter.per_minute, *spent.values()])
        limiter.learn({key: float(ahead) for key, ahead in zip(spent, found, strict=True)}, now=now)

    def _pause(self, error: Exception, *, clock_s: float) -> None:
        self.errors += 1
        self.paused_until_s = clock_s + PAUSE_AFTER_ERROR_S
        if not self._was_away:
            logger.warning("Limits are counted by this process alone: Redis is away (%s).", type(error).__name__)
        self._was_away = True


def start_sharing(*, redis_url: str) -> None:
    """Join the counts of this process's shared limiters through Redis from a thread; a second call changes nothing."""
    with _Sharing.lock:
        if _Sharing.thread is None and redis_url:
            exchange = Exchange(store=open_store(redis_url))
            _Sharing.thread = threading.Thread(target=_keep_exchanging, args=(exchange,), name="limits", daemon=True)
            _Sharing.thread.start()


def open_store(redis_url: str) -> Store:
    """Return the exchange as a script of the Redis at `redis_url`; nothing is connected yet."""
    store: Store = connect(redis_url).register_script(_EXCHANGE)
    return store


def connect(redis_url: str) -> redis.Redis:
    """Return a client that waits for Redis no longer than `TIMEOUT_S` at a time; nothing is connected yet."""
    # By itself it would try three times more, with pauses of seconds.
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=once)


def _keep_exchanging(exchange: Exchange) -> None:
    pause = threading.Event()
    while not pause.wait(EXCHANGE_EVERY_S):
        exchange.run(limiters=list_shared_limiters(), now=time.time(), clock_s=time.monotonic())
