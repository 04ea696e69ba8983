"""Who authenticated, kept off the token route's path: a bounded dict, flushed in batches by a thread.

A user who was not seen lately is written within a second or two; the tokens of one who comes again and again are added
up and written every `ALL_EVERY_S`. So much is lost when a process is killed; a sighting is made again at the next page
load.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from multiprocessing.util import Finalize

from django.db import Error as StoreError
from django.db import close_old_connections, connection
from django.utils import timezone

from linking.core import login_jwt
from linking.models import Integration, LoginUser, TokensIssued

FLUSH_EVERY_S = 1
ALL_EVERY_S = 10
MAX_WAITING = 20_000
# Tokens wait while a batch is put together and, on SQLite, written: small batches with a rest between them keep the
# slowest answers quick.
BATCH = 50
REST_S = 0.004

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Seen:
    """One Login user to whom `number` tokens were issued that are not written yet; the times may be of earlier ones."""

    user: login_jwt.LoginUser
    first_epoch_s: float
    last_epoch_s: float
    number: int = 1


_Key = tuple[int, str]


class _Waiting:
    seen: dict[_Key, _Seen] = {}
    # Those of `seen` of whom nothing was written yet.
    fresh: set[_Key] = set()
    dropped = 0
    lock = threading.Lock()
    # Only its holder takes anybody out of `seen`.
    flush_lock = threading.Lock()
    thread: threading.Thread | None = None
    stop = threading.Event()
    also: tuple[Callable[[], object], ...] = ()


def note(integration_id: int, user: login_jwt.LoginUser, now: float) -> None:
    """Remember that a token was issued to `user` at `now` (epoch seconds); costs no input or output.

    When too many wait to be written, a new user is dropped and counted. By place, because each token comes by here.
    """
    key = (integration_id, user.user_id)
    with _Waiting.lock:
        seen = _Waiting.seen.get(key)
        if seen is not None:
            seen.user, seen.last_epoch_s = user, now
            seen.number += 1
        elif len(_Waiting.seen) < MAX_WAITING:
            _Waiting.seen[key] = _Seen(user, now, now)
            _Waiting.fresh.add(key)
        else:
            _Waiting.dropped += 1


def dropped() -> int:
    """Return how many sightings this process has dropped."""
    return _Waiting.dropped


def forget() -> None:
    """Drop what waits and the count of what was dropped."""
    with _Waiting.lock:
        _Waiting.seen, _Waiting.fresh, _Waiting.dropped = {}, set(), 0


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


def flush(*, rest_s: float = 0.0, is_everything: bool = True) -> int:
    """Write what waits and return how many users it was; between batches, leave the process to others for `rest_s`.

    Without `is_everything`, users who were written lately wait on, unless there are too many of them.

    Raises: django.db.Error; what could not be written waits on.
    """
    with _Waiting.flush_lock:
        with _Waiting.lock:
            is_everything |= len(_Waiting.seen) > MAX_WAITING // 2
            taken = list(_Waiting.seen if is_everything else _Waiting.fresh)
        keys = _without_removed(taken)
        number = 0
        for start in range(0, len(keys), BATCH):
            if start and rest_s:
                time.sleep(rest_s)
            # In one order everywhere, so that two processes never wait for each other's rows.
            number += _write(sorted(keys[start : start + BATCH]))
        return number


def _without_removed(keys: Collection[_Key]) -> list[_Key]:
    """Forget users of integrations that are no more, who would fail their whole batch for ever; return the others."""
    wanted = {integration_id for integration_id, _user_id in keys}
    kept = set(Integration.objects.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else set()
    with _Waiting.lock:
        _take_out([key for key in keys if key[0] not in kept])
    return [key for key in keys if key[0] in kept]


def _write(keys: Iterable[_Key]) -> int:
    """Write what waits of some users and return how many that were; forget those of whom nothing did."""
    with _Waiting.lock:
        tokens = {key: _issued(key, _Waiting.seen[key]) for key in keys if _Waiting.seen[key].number}
        _take_out([key for key in keys if key not in tokens])
    if tokens:
        _store(list(tokens.values()))
    with _Waiting.lock:
        _Waiting.fresh.difference_update(tokens)
        for key, issued in tokens.items():
            _Waiting.seen[key].number -= issued.number
    return len(tokens)


def _take_out(keys: Iterable[_Key]) -> None:
    for key in keys:
        del _Waiting.seen[key]
        _Waiting.fresh.discard(key)


def _store(batch: Sequence[TokensIssued]) -> None:
    # One statement, so a transaction by itself.
    LoginUser.objects.note_tokens(batch, now=timezone.now())


def _issued(key: _Key, one: _Seen) -> TokensIssued:
    integration_id, user_id = key
    first_at, last_at = _at(int(one.first_epoch_s)), _at(int(one.last_epoch_s))
    return TokensIssued(integration_id, user_id, one.user.email, one.user.name, first_at, last_at, one.number)


@lru_cache(maxsize=64)
def _at(epoch_s: int) -> datetime:
    return datetime.fromtimestamp(epoch_s, tz=UTC)


def _keep_flushing() -> None:
    rounds = 0
    while not _Waiting.stop.wait(FLUSH_EVERY_S):
        rounds += 1
        _flush_or_say(rest_s=REST_S, is_everything=rounds % (ALL_EVERY_S // FLUSH_EVERY_S) == 0)


def _flush_at_exit() -> None:
    _Waiting.stop.set()
    _flush_or_say(rest_s=0.0, is_everything=True)


def _flush_or_say(*, rest_s: float, is_everything: bool) -> None:
    flushes: tuple[Callable[[], object], ...] = (
        partial(flush, rest_s=rest_s, is_everything=is_everything),
        *_Waiting.also,
    )
    for one in flushes:
        try:
            close_old_connections()
            one()
        except StoreError as error:
            logger.warning("Sightings or counts could not be written (%s); they wait.", type(error).__name__)
            connection.close()
