"""The public keys of the RS256 projects in this process: fetched by a thread, swapped whole, never waited for.

A request takes the keys that are there. One that finds none, or a `kid` that no key has, asks the thread to look
again, at most once a minute for a project, however many such requests come. The last good keys stay on any error, and
also where Login suddenly lists none: a project that signs with RS256 has keys.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from linking.clients.xsolla_login import LoginClient, LoginError
from linking.core.key_sets import KeySet, usable_keys

LOOK_EVERY_S = 0.5  # how soon a new project, or a wish, is seen
# Source: Xsolla's Go SDK keeps keys "not longer" than ten minutes, its PHP SDK for five; read 2026-11.
REFRESH_EVERY_S = 600.0
ASKED_EVERY_S = 60.0
# While there are no keys at all nobody can get a token, so a failed try is repeated sooner.
MISSING_EVERY_S = 10.0

logger = logging.getLogger(__name__)

Sets = Mapping[str, KeySet]
OpenClient = Callable[[], LoginClient]


@dataclass(slots=True)
class _Standing:
    """When a project's keys were last asked for, and last because a request wanted them (monotonic seconds)."""

    tried_s: float | None = None
    granted_s: float | None = None
    has_failed: bool = False
    is_asked: bool = False


class _FetchedKeys:
    sets: Sets = MappingProxyType({})
    standings: dict[str, _Standing] = {}
    lock = threading.Lock()
    thread: threading.Thread | None = None


def current() -> Sets:
    """Return the keys known by Login project ID; a project whose keys were never fetched is not among them."""
    return _FetchedKeys.sets


def ask_for(*, project_id: str) -> None:
    """Wish for a project's keys again; costs no input or output."""
    standing = _FetchedKeys.standings.get(project_id)
    if standing is not None:
        standing.is_asked = True


def start_fetching(*, projects: Callable[[], Collection[str]], open_client: OpenClient) -> None:
    """Keep the keys of the Login projects that `projects` names fresh from a thread; a second call changes nothing."""
    with _FetchedKeys.lock:
        if _FetchedKeys.thread is None:
            _FetchedKeys.thread = threading.Thread(
                target=_keep_fresh, args=(projects, open_client), name="key-sets", daemon=True
            )
            _FetchedKeys.thread.start()


def look(*, projects: Collection[str], open_client: OpenClient, now_s: float) -> int:
    """Fetch the keys that are due at `now_s` (seconds of a clock that only rises) and return how many sets it tried.

    Keys of projects that are no longer named are forgotten.
    """
    with _FetchedKeys.lock:
        _FetchedKeys.standings = {one: _FetchedKeys.standings.get(one, _Standing()) for one in projects}
        _FetchedKeys.sets = MappingProxyType(
            {one: keys for one, keys in _FetchedKeys.sets.items() if one in _FetchedKeys.standings}
        )
        due = [one for one, standing in _FetchedKeys.standings.items() if _is_due(one, standing=standing, now_s=now_s)]
    if not due:
        return 0
    try:
        client = open_client()
    except LoginError as error:
        _note_failure(due, error=error, now_s=now_s)
        return len(due)
    try:
        for project_id in due:
            _fetch(project_id, client=client, now_s=now_s)
    finally:
        client.close()
    return len(due)


def forget() -> None:
    """Drop every key and what is known about fetching them."""
    with _FetchedKeys.lock:
        _FetchedKeys.sets, _FetchedKeys.standings = MappingProxyType({}), {}


def _is_due(project_id: str, *, standing: _Standing, now_s: float) -> bool:
    if standing.tried_s is None:
        return True
    age_s = now_s - standing.tried_s
    if project_id not in _FetchedKeys.sets:
        return age_s >= MISSING_EVERY_S
    # Wishes are counted by themselves: a look by the clock, a moment before Login made a new key, uses none up.
    if standing.is_asked and (standing.granted_s is None or now_s - standing.granted_s >= ASKED_EVERY_S):
        return True
    return age_s >= (ASKED_EVERY_S if standing.has_failed else REFRESH_EVERY_S)


def _fetch(project_id: str, *, client: LoginClient, now_s: float) -> None:
    # Set before the call: a wish that comes while it runs is a new one.
    standing = _FetchedKeys.standings[project_id]
    standing.granted_s = now_s if standing.is_asked else standing.granted_s
    standing.tried_s, standing.is_asked = now_s, False
    try:
        listed = client.key_set(project_id=project_id)
    except LoginError as error:
        _note_failure([project_id], error=error, now_s=now_s)
        return
    found = usable_keys(listed.keys, encoding=listed.encoding)
    standing.has_failed = not found.keys
    if not found.keys:
        logger.warning("Login lists no usable RS256 key for project %s; the last good ones stay.", project_id)
        return
    if found.ignored:
        logger.info("Login lists %d keys for project %s that cannot verify RS256.", found.ignored, project_id)
    with _FetchedKeys.lock:
        _FetchedKeys.sets = MappingProxyType({**_FetchedKeys.sets, project_id: found})


def _note_failure(project_ids: Collection[str], *, error: LoginError, now_s: float) -> None:
    for project_id in project_ids:
        standing = _FetchedKeys.standings[project_id]
        if not standing.has_failed:
            logger.warning("The RS256 keys of project %s could not be fetched: %s", project_id, error)
        standing.tried_s, standing.has_failed = now_s, True


def _keep_fresh(projects: Callable[[], Collection[str]], open_client: OpenClient) -> None:
    pause = threading.Event()
    while True:
        look(projects=projects(), open_client=open_client, now_s=time.monotonic())
        pause.wait(LOOK_EVERY_S)
