"""The cache with Redis: it uses Redis while Redis answers, and the memory of this process while it does not.

The cache holds counts of sign-in attempts and the like. Counting them in each process alone for a while is better than
letting nobody in, and better than counting nothing.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

# How long a request may wait for a Redis that does not respond: for a connection, and again for an answer.
TIMEOUT_S = 0.25
PAUSE_AFTER_ERROR_S = 5.0
MEMORY_MAX_ENTRIES = 10_000

logger = logging.getLogger(__name__)


class PatientCache(BaseCache):
    """Django's Redis cache with Django's memory cache as its fallback.

    After an error Redis is not asked for `PAUSE_AFTER_ERROR_S`, so that one request waits and not all of them. Values
    stored in memory meanwhile stay there until they expire. The methods are those of Django's `BaseCache`.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Build both caches from Django's settings; `server` is the address of Redis."""
        super().__init__(params)
        # By default redis-py tries three more times, with pauses of seconds.
        waits = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}
        self._redis = RedisCache(server, params | {"OPTIONS": params.get("OPTIONS", {}) | waits})
        self._memory = LocMemCache(f"beside {server}", params | {"OPTIONS": {"MAX_ENTRIES": MEMORY_MAX_ENTRIES}})
        self._paused_until_s = 0.0
        # Keys that Redis may still add after its timeout; at most one a pause.
        self._unconfirmed: set[str] = set()
        self._lock = threading.Lock()

    def add(self, *arguments: Any, **options: Any) -> bool:
        return bool(self._call("add", *arguments, **options))

    def get(self, *arguments: Any, **options: Any) -> Any:
        return self._call("get", *arguments, **options)

    def set(self, *arguments: Any, **options: Any) -> None:
        self._call("set", *arguments, **options)

    def touch(self, *arguments: Any, **options: Any) -> bool:
        return bool(self._call("touch", *arguments, **options))

    def delete(self, *arguments: Any, **options: Any) -> bool:
        return bool(self._call("delete", *arguments, **options))

    def get_many(self, *arguments: Any, **options: Any) -> Any:
        return self._call("get_many", *arguments, **options)

    def set_many(self, *arguments: Any, **options: Any) -> Any:
        return self._call("set_many", *arguments, **options)

    def delete_many(self, *arguments: Any, **options: Any) -> None:
        self._call("delete_many", *arguments, **options)

    def has_key(self, *arguments: Any, **options: Any) -> bool:
        return bool(self._call("has_key", *arguments, **options))

    def incr(self, *arguments: Any, **options: Any) -> int:
        return int(self._call("incr", *arguments, **options))

    def clear(self) -> None:
        self._memory.clear()
        self._call("clear")

    def close(self, **_options: Any) -> None:
        """Do nothing: connections stay open between requests, as with Django's own cache."""

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        if time.monotonic() >= self._paused_until_s:
            redis_method: Callable[..., Any] = getattr(self._redis, method)
            try:
                self._undo_unconfirmed()
                return redis_method(*arguments, **options)
            except (redis.RedisError, OSError) as error:
                self._pause(error)
                if method == "add":
                    self._unconfirmed.add(str(arguments[0]))
        return getattr(self._memory, method)(*arguments, **options)

    def _undo_unconfirmed(self) -> None:
        """Delete the keys whose addition timed out.

        Redis adds them once it runs again. A lock among them would never be released.
        """
        if self._unconfirmed:
            keys, self._unconfirmed = self._unconfirmed, set()
            try:
                self._redis.delete_many(keys)
            except (redis.RedisError, OSError):
                self._unconfirmed |= keys
                raise

    def _pause(self, error: Exception) -> None:
        with self._lock:
            now_s = time.monotonic()
            is_first = now_s - self._paused_until_s > PAUSE_AFTER_ERROR_S
            self._paused_until_s = now_s + PAUSE_AFTER_ERROR_S
        if is_first:
            logger.warning("Redis does not respond (%s). The cache uses memory instead.", type(error).__name__)
