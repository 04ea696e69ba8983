"""How often one key may come in any 60 s, counted exactly: through Redis where there is one, else in this process.

For what is rare and costs somebody else something, so that a request may wait for Redis a moment; what is asked
thousands of times a second is counted by `counting.py`.
"""

import logging
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from hashlib import sha256

import redis

from linking.core.gcra import MINUTE_S
from linking.core.times import is_ahead
from linking.limits.sharing import PAUSE_AFTER_ERROR_S, Store, connect

MAX_KEYS = 10_000
_PREFIX = "zdbridge:window"

# The times at which a key came, by Redis's clock, as members of one sorted set. Returns the seconds to wait as text,
# "0" where this one may go on and has been added.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local at_most, window_s, member = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window_s)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. string.format('%.6f', now), '+inf')
if redis.call('ZCARD', KEYS[1]) < at_most then
    redis.call('ZADD', KEYS[1], string.format('%.6f', now), member)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window_s * 1000))
    return '0'
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return string.format('%.6f', tonumber(oldest[2]) + window_s - now)
"""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Shared:
    """The Redis of this process. `paused_until_s` is on a clock that only rises."""

    store: Store | None = None
    paused_until_s: float = 0.0


_shared = _Shared()


class WindowLimiter:
    """Lets a key through at most `at_most` times in any 60 s; refusals are not charged for.

    Args:
        shared_as: the name under which processes count together.
    """

    def __init__(self, *, at_most: int, shared_as: str) -> None:
        self.at_most = at_most
        self.shared_as = shared_as
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait_s(self, *, key: str, now: float) -> float:
        """Return 0 when `key` may go on at `now` (epoch seconds), else the seconds to wait."""
        wait_s = self._take_here(key=key, now=now)
        if wait_s > 0:
            return wait_s
        shared_s = self._take_shared(key=key)
        if shared_s > 0:
            self._give_back(key=key, at=now)
        return shared_s

    def forget(self) -> None:
        """Begin anew in this process."""
        with self._lock:
            self._times = {}

    def _take_here(self, *, key: str, now: float) -> float:
        with self._lock:
            if key not in self._times and len(self._times) >= MAX_KEYS:
                self._times = {name: times for name, times in self._times.items() if times[-1] > now - MINUTE_S}
            recent = (at for at in self._times.get(key, ()) if is_ahead(at + MINUTE_S, now=now, longest=MINUTE_S))
            times = deque(recent)
            if len(times) >= self.at_most:
                return times[0] + MINUTE_S - now
            times.append(now)
            self._times[key] = times
            return 0.0

    def _give_back(self, *, key: str, at: float) -> None:
        with self._lock:
            times = self._times.get(key)
            if times is not None and at in times:
                times.remove(at)
                if not times:
                    del self._times[key]

    def _take_shared(self, *, key: str) -> float:
        """Return the seconds to wait by what all processes counted, 0 where Redis cannot be asked."""
        if _shared.store is None or time.monotonic() < _shared.paused_until_s:
            return 0.0
        # Who it is stays here: Redis only sees what it hashes to.
        name = f"{_PREFIX}:{self.shared_as}:{sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}"
        try:
            return float(_shared.store(keys=[name], args=[self.at_most, MINUTE_S, uuid.uuid4().hex]))
        except (redis.RedisError, OSError) as error:
            _shared.paused_until_s = time.monotonic() + PAUSE_AFTER_ERROR_S
            logger.warning("A limit is counted by this process alone: Redis is away (%s).", type(error).__name__)
            return 0.0


def share_windows(*, redis_url: str) -> None:
    """Count through the Redis at `redis_url` from now on, "" for in this process alone; nothing is connected yet."""
    _shared.store, _shared.paused_until_s = None, 0.0
    if redis_url:
        _shared.store = connect(redis_url).register_script(_TAKE)
