"""What a serving process keeps running beside its requests: settings and keys kept fresh, notes written down."""

import logging
import threading

from django.db import Error as StoreError
from django.db import connection
from django.utils import timezone

from linking import limits, registry
from linking.clients.xsolla_login import LoginClient
from linking.core.config import LoginAlgorithm
from linking.monitoring import alarms
from linking.tokens import answer_counts as answer_log
from linking.tokens import clock_offsets as clock_meter
from linking.tokens import email_lookup, sightings
from linking.tokens import key_fetching as key_sets

WATCH_EVERY_S = 60.0
logger = logging.getLogger(__name__)


class _Watch:
    lock = threading.Lock()
    thread: threading.Thread | None = None


def start(*, login_api_url: str, allow_loopback: bool, redis_url: str) -> None:
    """Start the threads of this process; a second call changes nothing."""
    registry.start_refreshing()
    sightings.start_flushing(also=(answer_log.flush, clock_meter.flush))
    email_lookup.use(
        lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback, deadline_s=email_lookup.DEADLINE_S)
    )
    limits.start_sharing(redis_url=redis_url)
    limits.share_windows(redis_url=redis_url)
    key_sets.start_fetching(
        projects=rs256_projects,
        open_client=lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback),
    )
    _start_watching(allow_loopback=allow_loopback)


def watch_once(*, allow_loopback: bool) -> None:
    """Send alarms where the roles that otherwise do are silent; a database that is away is logged and left alone."""
    try:
        alarms.stand_in(allow_loopback=allow_loopback, now=timezone.now())
    except StoreError as error:
        logger.warning("Nobody could look after the alarms (%s).", type(error).__name__)


def fetch_keys_once(*, login_api_url: str, allow_loopback: bool) -> None:
    """Fetch the RS256 projects' keys in this thread, for a process that does one thing and ends."""
    registry.current()
    key_sets.look(
        projects=rs256_projects(),
        open_client=lambda: LoginClient(base_url=login_api_url, allow_loopback=allow_loopback),
        now_s=0.0,
    )


def rs256_projects() -> tuple[str, ...]:
    """Return the Login projects that sign with RS256, without asking the database; none before it was first read."""
    snapshot = registry.last_good()
    if snapshot is None:
        return ()
    found = (one.login_project_id for one in snapshot.enabled if one.login_algorithm is LoginAlgorithm.RS256)
    return tuple(dict.fromkeys(found))


def _start_watching(*, allow_loopback: bool) -> None:
    with _Watch.lock:
        if _Watch.thread is None:
            _Watch.thread = threading.Thread(target=_keep_watching, args=(allow_loopback,), name="alarms", daemon=True)
            _Watch.thread.start()


def _keep_watching(allow_loopback: bool) -> None:
    pause = threading.Event()
    while True:
        pause.wait(WATCH_EVERY_S)
        watch_once(allow_loopback=allow_loopback)
        connection.close()  # once a minute is not worth a connection kept open
