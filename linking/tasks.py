"""The Celery tasks. A message only triggers; a query finds what is due, so a lost message loses nothing."""

import logging
import mmap
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task
from celery.signals import task_postrun, worker_process_init, worker_shutting_down
from django.conf import settings
from django.db import Error as StoreError

from linking import queue
from linking.accounts import api_tokens
from linking.models import IntegrationDraft, TokenDay
from linking.monitoring import alarms, clocks, conflict_notices, heartbeats, query_plans, row_counts, waiting
from linking.monitoring.metrics import shared_counts
from linking.notes import player_labels
from linking.privacy import retention
from linking.search import link_rates
from linking.sync import Clock, Patience, refresh, run, schedule, unknown_visitors
from linking.tokens import refused_players

# A longer pause ends the task instead of blocking the worker; the row stores when to continue.
LONGEST_WAIT_S = 2.0
PASS_DEADLINE_S = 200.0
REFRESH_DEADLINE_S = 30.0
SLOT_WAIT_S = 5.0
# The daily chore takes no longer at once; the rest follows in five minutes.
PRUNE_FOR = timedelta(seconds=60)

COUNTS_EVERY_S = 5.0

logger = logging.getLogger(__name__)


class _Written:
    at_s, turn = float("-inf"), 0


# One byte shared with the forked children, because only the parent gets the signal. A byte, unlike a lock, cannot stay
# locked when a child is killed.
_shutting_down = mmap.mmap(-1, 1)


def _now() -> datetime:
    return datetime.now(tz=UTC)


CLOCK = Clock(now=_now, sleep=time.sleep)


@worker_shutting_down.connect
def note_shutdown(**_details: Any) -> None:
    """Let running passes end at their next call, so that a worker stops within seconds."""
    _shutting_down[0] = 1


@worker_process_init.connect
def exit_on_sigterm(**_details: Any) -> None:
    """Let a forked child release its lease at once when it is terminated."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))


def is_shutting_down() -> bool:
    """Return whether the worker is shutting down."""
    return _shutting_down[0] == 1


@task_postrun.connect
def write_counts(**_details: Any) -> None:
    """Write what the tasks of this process have counted, now and then."""
    _Written.turn += 1
    now_s = time.monotonic()
    if now_s - _Written.at_s < COUNTS_EVERY_S:
        return
    _Written.at_s = now_s
    try:
        shared_counts.flush(turn=_Written.turn)
    except StoreError as error:
        logger.warning("Counts could not be written (%s); they wait.", type(error).__name__)


@shared_task
def tick() -> None:
    """Record that the queue moves, and queue what is due."""
    now = _now()
    heartbeats.note(names=(heartbeats.TICK,), now=now)
    for integration_id in schedule.list_due(now=now):
        if schedule.claim(integration_id=integration_id, now=now):
            queue.put(task=sync_integration.name, integration_id=integration_id)
    alarms.watch(now=now)
    conflict_notices.watch(now=now)
    if alarms.list_due(now=now) or conflict_notices.list_due(now=now):
        queue.put(task=send_alarms.name)


@shared_task
def sync_integration(integration_id: int, trigger: str = "schedule") -> None:
    """Run one pass within the time of one task. A person's request also runs while the schedule is paused."""
    if trigger == "schedule" and not schedule.is_wanted(integration_id=integration_id, now=_now()):
        return
    patience = Patience(longest_wait_s=LONGEST_WAIT_S, deadline_s=PASS_DEADLINE_S, is_stopping=is_shutting_down)
    run.run_pass(
        integration_id=integration_id,
        trigger=trigger,
        clock=CLOCK,
        patience=patience,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
    )


@shared_task
def send_alarms() -> None:
    """Send what is due: alarms about a sync that has stopped or works again, and notices of new conflicts."""
    allow_loopback = bool(settings.LINKING["ALLOW_LOOPBACK"])
    for message_id in alarms.list_due(now=_now()):
        alarms.send(message_id=message_id, allow_loopback=allow_loopback, now=_now())
    for notice_id in conflict_notices.list_due(now=_now()):
        conflict_notices.send(notice_id=notice_id, allow_loopback=allow_loopback, now=_now())


@shared_task
def count_and_prune() -> None:
    """Count what plots show, and drop what has been kept for long enough."""
    now = _now()
    clocks.prune(now=now)
    waiting.sample_waiting(now=now)
    link_rates.count_days(now=now)
    # However young they are, there must not be too many; the daily chore goes by days.
    refused_players.prune(keep_days=None, now=now)
    TokenDay.objects.prune(now=now)
    player_labels.spread_labels()
    IntegrationDraft.objects.delete_stale(now=now)
    api_tokens.move_old_tokens(now=now)
    until = now + PRUNE_FOR
    done = retention.prune_daily(
        days=settings.LINKING, now=now, go_on=lambda: not is_shutting_down() and _now() < until
    )
    if done is not None:
        query_plans.sample_tables()


@shared_task
def count_rows() -> None:
    """Count the rows of every integration, where they are too many to be counted when a page asks."""
    row_counts.count_if_due(now=_now())


@shared_task
def answer_questions() -> None:
    """Ask Zendesk again about unknown visitors that a person opened and Zendesk did not return at once."""
    patience = Patience(longest_wait_s=SLOT_WAIT_S, deadline_s=REFRESH_DEADLINE_S, is_stopping=is_shutting_down)
    unknown_visitors.answer_questions(
        clock=CLOCK,
        patience=patience,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        until=_now() + timedelta(seconds=REFRESH_DEADLINE_S),
    )


@shared_task
def refresh_visitor(visitor_pk: int) -> None:
    """Read one visitor from Zendesk again."""
    patience = Patience(longest_wait_s=LONGEST_WAIT_S, deadline_s=REFRESH_DEADLINE_S, is_stopping=is_shutting_down)
    refresh.refresh_visitor(
        visitor_pk=visitor_pk, clock=CLOCK, patience=patience, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"])
    )
