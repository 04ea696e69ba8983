"""Who authenticated, kept off the token route's path: a bounded dict, flushed in batches by a thread.

At most a second or two of sightings is lost when a process is killed; a sighting is made again at the next page load.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.util import Finalize
from typing import NamedTuple

from django.db import Error as StoreError
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from linking.models import Integration, LoginUser, TokensIssued

FLUSH_EVERY_S = 1.0
MAX_WAITING = 20_000
# Tokens wait while a batch is put together and, on SQLite, written: small batches with a rest between them are the
# difference between a slowest answer (of a hundred) after 6 ms and after 2.
BATCH = 50
REST_S = 0.004

logger = logging.getLogger(__name__)


class Sighting(NamedTuple):
    """One token issued to a Login user. A tuple, because each token makes one."""

    integration_id: int
    user_id: str
    email: str
    name: str
    at_epoch_s: int


@dataclass(slots=True, kw_only=True)
class _Seen:
    """One Login user to whom `count` tokens were issued between two epoch seconds."""

    integration_id: int
    user_id: str
    email: str
    name: str
    first_epoch_s: int
    last_epoch_s: int
    count: int = 1


_Key = tuple[int, str]


class _Waiting:
    seen: dict[_Key, _Seen] = {}
    dropped = 0
    lock = threading.Lock()
    flush_lock = threading.Lock()
    thread: threading.Thread | None = None
    stop = threading.Event()
    also: tuple[Callable[[], object], ...] = ()


def note(sighting: Sighting) -> None:
    """Remember that a token was issued; costs no input or output.

    When too many wait to be written, a new user is dropped and counted.
    """
    integration_id, user_id, email, name, at = sighting
    key = (integration_id, user_id)
    with _Waiting.lock:
        seen = _Waiting.seen.get(key)
        if seen is not None:
            seen.email, seen.name, seen.last_epoch_s = email, name, at
            seen.count += 1
        elif len(_Waiting.seen) < MAX_WAITING:
            _Waiting.seen[key] = _Seen(
                integration_id=integration_id, user_id=user_id, email=email, name=name, first_epoch_s=at,
                last_epoch_s=at,
            )  # fmt: skip
        else:
            _Waiting.dropped += 1


def dropped() -> int:
    """Return how many sightings this process has dropped."""
    return _Waiting.dropped


def forget() -> None:
    """Drop what waits and the count of what was dropped."""
    with _Waiting.lock:
        _Waiting.seen, _Waiting.dropped = {}, 0


def start_flushing(*, also: Sequence[Callable[[], object]] = ()) -> None:
    """Write what waits from a thread of this process, and once more when it ends; a second call changes nothing.

    `also` are further flushes for the same thread, which raise django.db.Error as `flush` does.
    """
    with _Waiting.lock:
        if _Waiting.thread is None:
            _Waiting.also = tuple(also)
            _Waiting.thread = threading.Thread(target=_keep_flushing, name="sightings", daemon=True)
            _Waiting.thread.start()
            # The server's workers are multiprocessing children, which never come to `atexit`; this serves both kinds.
            Finalize(None, _flush_at_exit, exitpriority=0)


def flush(*, rest_s: float = 0.0) -> int:
    """Write what waits and return how many users it was; between batches, leave the process to others for `rest_s`.

    Raises: django.db.Error; what could not be written waits on.
    """
    with _Waiting.flush_lock:
        with _Waiting.lock:
            taken, _Waiting.seen = _Waiting.seen, {}
        try:
            keys = sorted(taken)
            for start in range(0, len(keys), BATCH):
                if start and rest_s:
                    time.sleep(rest_s)
                _store([taken[key] for key in keys[start : start + BATCH]])
                for key in keys[start : start + BATCH]:
                    del taken[key]
        except StoreError:
            _put_back(taken)
            raise
        return len(keys)


def _put_back(taken: Mapping[_Key, _Seen]) -> None:
    with _Waiting.lock:
        for key, old in taken.items():
            new = _Waiting.seen.get(key)
            if new is not None:
                new.first_epoch_s, new.count = old.first_epoch_s, new.count + old.count
            elif len(_Waiting.seen) < MAX_WAITING:
                _Waiting.seen[key] = old
            else:
                _Waiting.dropped += 1


def _store(batch: list[_Seen]) -> None:
    with transaction.atomic():
        # An integration can have been removed meanwhile; its sightings would fail the whole batch for ever.
        wanted = {one.integration_id for one in batch}
        kept = set(Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True))
        LoginUser.objects.note_tokens([_issued(one) for one in batch if one.integration_id in kept], now=timezone.now())


def _issued(one: _Seen) -> TokensIssued:
    first_at, last_at = _at(one.first_epoch_s), _at(one.last_epoch_s)
    return TokensIssued(one.integration_id, one.user_id, one.email, one.name, first_at, last_at, one.count)


def _at(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=UTC)


def _keep_flushing() -> None:
    while not _Waiting.stop.wait(FLUSH_EVERY_S):
        _flush_or_say(rest_s=REST_S)


def _flush_at_exit() -> None:
    _Waiting.stop.set()
    _flush_or_say(rest_s=0.0)


def _flush_or_say(*, rest_s: float) -> None:
    flushes: tuple[Callable[[], object], ...] = (partial(flush, rest_s=rest_s), *_Waiting.also)
    for one in flushes:
        try:
            close_old_connections()
            one()
        except StoreError as error:
            logger.warning("Sightings or counts could not be written (%s); they wait.", type(error).__name__)
            connection.close()
