"""The threads of a serving process: they refresh settings and keys, write notes and send overdue alarms."""

import logging
import threading

from django.db import Error as StoreError
from django.db import connection
from django.utils import timezone

from linking import limits, registry
from linking.clients.xsolla_login import LoginClient
from linking.core.config import LoginAlgorithm
from linking.monitoring import alarms
from linking.monitoring.metrics import shared_counts
from linking.tokens import answer_counts, clock_offsets, email_lookup, key_fetching, refused_players, sightings

WATCH_EVERY_S = 60.0
logger = logging.getLogger(__name__)


class _AlarmThread:
    lock = threading.Lock()
    thread: threading.Thread | None = None


def start(*, login_api_url: str, allow_loopback: bool, redis_url: str) -> None:
    """Start the threads of this process; a second call does nothing."""
    registry.start_refreshing()
    sightings.start_flushing(
        also=(answer_counts.flush, clock_offsets.flush, refused_players.flush, shared_counts.flush)
    )
    email_lookup.use(
        lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback, deadline_s=email_lookup.DEADLINE_S)
    )
    limits.start_sharing(redis_url=redis_url)
    limits.share_windows(redis_url=redis_url)
    key_fetching.start_fetching(
        projects=list_rs256_projects,
        open_client=lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback),
    )
    _start_watching(allow_loopback=allow_loopback)


def watch_once(*, allow_loopback: bool) -> None:
    """Send alarms when scheduler and worker do not; log a database that does not respond."""
    try:
        alarms.stand_in(allow_loopback=allow_loopback, now=timezone.now())
    except StoreError as error:
        logger.warning("Alarms could not be checked (%s).", type(error).__name__)


def fetch_keys_once(*, login_api_url: str, allow_loopback: bool) -> None:
    """Fetch the keys of RS256 projects in this thread, for a command that ends afterwards."""
    registry.current()
    key_fetching.look(
        projects=list_rs256_projects(),
        open_client=lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback),
        now_s=0.0,
    )


def list_rs256_projects() -> tuple[str, ...]:
    """Return the Login projects that sign with RS256, from memory; none before the first read of the settings."""
    snapshot = registry.last_good()
    if snapshot is None:
        return ()
    project_ids = (
        config.login_project_id for config in snapshot.enabled if config.login_algorithm is LoginAlgorithm.RS256
    )
    return tuple(dict.fromkeys(project_ids))


def _start_watching(*, allow_loopback: bool) -> None:
    with _AlarmThread.lock:
        if _AlarmThread.thread is None:
            _AlarmThread.thread = threading.Thread(
                target=_keep_watching, args=(allow_loopback,), name="alarms", daemon=True
            )
            _AlarmThread.thread.start()


def _keep_watching(allow_loopback: bool) -> None:
    pause = threading.Event()
    while True:
        pause.wait(WATCH_EVERY_S)
        watch_once(allow_loopback=allow_loopback)
        connection.close()  # one use a minute does not justify an open connection
