"""The cache where there is a Redis: through it while it answers, in this process's memory while it does not.

What is kept here are counts of tries and the like: to count them in each process alone for a while is better than to
let nobody in, and better than to count nothing.
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

# How long a request may wait for a Redis that is mute, for a connection and for an answer.
TIMEOUT_S = 0.25
PAUSE_AFTER_ERROR_S = 5.0
MEMORY_MAX_ENTRIES = 10_000

logger = logging.getLogger(__name__)


class PatientCache(BaseCache):
    """Django's Redis cache, with its memory cache to fall back on.

    After an error Redis is left alone for `PAUSE_AFTER_ERROR_S`, so that a mute one costs one request its wait and not
    all. What was kept in memory meanwhile stays there; it is forgotten by its own time.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        """Take Django's settings; `server` is Redis's address."""
        super().__init__(params)
        # redis-py by itself tries three times more, with pauses of seconds.
        waits = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}
        self._redis = RedisCache(server, params | {"OPTIONS": params.get("OPTIONS", {}) | waits})
        self._memory = LocMemCache(f"beside {server}", params | {"OPTIONS": {"MAX_ENTRIES": MEMORY_MAX_ENTRIES}})
        self._paused_until_s = 0.0
        # At most one a pause.
        self._doubtful: set[str] = set()
        self._lock = threading.Lock()

    def add(self, *arguments: Any, **options: Any) -> bool:
        """Keep a value unless there is one; return whether it was kept."""
        return bool(self._ask("add", *arguments, **options))

    def get(self, *arguments: Any, **options: Any) -> Any:
        """Return a value, the default where there is none."""
        return self._ask("get", *arguments, **options)

    def set(self, *arguments: Any, **options: Any) -> None:
        """Keep a value."""
        self._ask("set", *arguments, **options)

    def touch(self, *arguments: Any, **options: Any) -> bool:
        """Keep a value for longer; return whether there is one."""
        return bool(self._ask("touch", *arguments, **options))

    def delete(self, *arguments: Any, **options: Any) -> bool:
        """Forget a value; return whether there was one."""
        return bool(self._ask("delete", *arguments, **options))

    def get_many(self, *arguments: Any, **options: Any) -> Any:
        """Return the values that there are, by key."""
        return self._ask("get_many", *arguments, **options)

    def set_many(self, *arguments: Any, **options: Any) -> Any:
        """Keep several values; return the keys that could not be kept."""
        return self._ask("set_many", *arguments, **options)

    def delete_many(self, *arguments: Any, **options: Any) -> None:
        """Forget several values."""
        self._ask("delete_many", *arguments, **options)

    def has_key(self, *arguments: Any, **options: Any) -> bool:
        """Return whether there is a value."""
        return bool(self._ask("has_key", *arguments, **options))

    def incr(self, *arguments: Any, **options: Any) -> int:
        """Add to a number and return it. Raises: ValueError where there is none."""
        return int(self._ask("incr", *arguments, **options))

    def clear(self) -> None:
        """Forget everything, here and there."""
        self._memory.clear()
        self._ask("clear")

    def close(self, **_options: Any) -> None:
        """Do nothing: connections stay open between requests, as with Django's own."""

    def _ask(self, method: str, *arguments: Any, **options: Any) -> Any:
        if time.monotonic() >= self._paused_until_s:
            call: Callable[..., Any] = getattr(self._redis, method)
            try:
                self._take_back()
                return call(*arguments, **options)
            except (redis.RedisError, OSError) as error:
                self._pause(error)
                if method == "add":
                    self._doubtful.add(str(arguments[0]))
        return getattr(self._memory, method)(*arguments, **options)

    def _take_back(self) -> None:
        """Delete what a mute Redis was asked to add.

        It adds it once it goes on, and nobody would undo that: a lock would shut everybody out who asks for it.
        """
        if self._doubtful:
            doubtful, self._doubtful = self._doubtful, set()
            try:
                self._redis.delete_many(doubtful)
            except (redis.RedisError, OSError):
                self._doubtful |= doubtful
                raise

    def _pause(self, error: Exception) -> None:
        with self._lock:
            now_s = time.monotonic()
            is_news = now_s - self._paused_until_s > PAUSE_AFTER_ERROR_S
            self._paused_until_s = now_s + PAUSE_AFTER_ERROR_S
        if is_news:
            logger.warning("Redis is away (%s): what it would keep is kept in memory.", type(error).__name__)
