"""The Celery edge. Messages are nudges: what is due is a query on rows, so that a lost message loses nothing."""

import mmap
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_process_init, worker_shutting_down
from django.conf import settings

from linking.monitoring import alarms, heartbeats
from linking.sync import refresh, unknown_visitors
from linking.sync import run as sync
from linking.sync.paced_calls import Clock, Patience
from linking.sync.store import questions, schedule

# A worker is worth more than a wait: a longer pause ends the task, and the row says when to go on.
LONGEST_WAIT_S = 2.0
PASS_DEADLINE_S = 200.0
REFRESH_DEADLINE_S = 30.0
SLOT_WAIT_S = 5.0
QUESTIONS_AT_ONCE = 50
# Publishing must not hang on a mute broker; the next tick is only seconds away.
PUBLISH_PATIENCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}

# One byte that the worker shares with the children it forks: only the parent is told that it is to end. A lock in it
# could be left taken by a child that is killed; a byte cannot.
_ending = mmap.mmap(-1, 1)


def _now() -> datetime:
    return datetime.now(tz=UTC)


CLOCK = Clock(now=_now, sleep=time.sleep)


@worker_shutting_down.connect
def note_the_end(**_details: Any) -> None:
    """Let passes under way end at the next call, so that a worker stops within seconds."""
    _ending[0] = 1


@worker_process_init.connect
def leave_in_order(**_details: Any) -> None:
    """Let a forked child that is told to end leave its pass in order, so that the lease is free at once."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))


def is_ending() -> bool:
    """Return whether the worker was told to end."""
    return _ending[0] == 1


@shared_task
def tick() -> None:
    """Note that scheduler and worker live, and queue what is due."""
    now = _now()
    heartbeats.note(names=("beat", "worker"), now=now)
    for integration_id in schedule.due(now=now):
        if schedule.claim(integration_id=integration_id, now=now):
            sync_integration.apply_async((integration_id,), retry_policy=PUBLISH_PATIENCE)
    alarms.watch(now=now)
    if alarms.due(now=now):
        send_alarms.apply_async(retry_policy=PUBLISH_PATIENCE)


@shared_task
def sync_integration(integration_id: int, trigger: str = "schedule") -> None:
    """Run one pass, as far as one task's time goes; one that a person asked for also where the schedule rests."""
    if trigger == "schedule" and not schedule.is_wanted(integration_id=integration_id, now=_now()):
        return
    patience = Patience(longest_wait_s=LONGEST_WAIT_S, deadline_s=PASS_DEADLINE_S, is_stopping=is_ending)
    sync.run_pass(
        integration_id=integration_id,
        trigger=trigger,
        clock=CLOCK,
        patience=patience,
        allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
    )


@shared_task
def send_alarms() -> None:
    """Tell people about a sync that stands still, or does no more."""
    for message_id in alarms.due(now=_now()):
        alarms.send(message_id=message_id, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]), now=_now())


@shared_task
def answer_questions() -> None:
    """Ask Zendesk about visitors nobody here knows whom a person asked for and Zendesk did not tell of at once."""
    until = _now() + timedelta(seconds=REFRESH_DEADLINE_S)
    patience = Patience(longest_wait_s=SLOT_WAIT_S, deadline_s=REFRESH_DEADLINE_S, is_stopping=is_ending)
    for question_pk in questions.due(now=_now(), limit=QUESTIONS_AT_ONCE):
        if is_ending() or _now() >= until:
            return
        unknown_visitors.answer_question(
            question_pk=question_pk,
            clock=CLOCK,
            patience=patience,
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )


@shared_task
def refresh_visitor(visitor_pk: int) -> None:
    """Read one visitor again now."""
    patience = Patience(longest_wait_s=LONGEST_WAIT_S, deadline_s=REFRESH_DEADLINE_S, is_stopping=is_ending)
    refresh.refresh_visitor(
        visitor_pk=visitor_pk, clock=CLOCK, patience=patience, allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"])
    )
