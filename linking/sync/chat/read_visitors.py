"""Asks Zendesk about the waiting visitors one by one, the most useful first."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial

from django.db import OperationalError, transaction

from linking.clients.zendesk_api import ZendeskGone
from linking.models import StopReason
from linking.models.sync.sync_run import LEFT_COUNTED_MOST
from linking.sync import chores, schedule
from linking.sync.calls_with_retries import PassStopped
from linking.sync.plans.reread_times import REVERIFY_EVERY
from linking.sync.store import leases, lookups, runs, table_statistics
from linking.sync.store.answers import retry_on_conflict, store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.work import Work

BATCH = 500  # answers stored together at most
BATCH_S = 2.0  # and an answer waits no longer than this to be stored
ORDER_S = 20.0  # after which the order is looked at anew: somebody more useful may have come
FAILED_IN_A_ROW = 3
CHORE_S = 20.0  # what one chore may take of a pass; the next pass goes on with the rest


logger = logging.getLogger(__name__)


def read_visitors(work: Work) -> bool:
    """Ask about waiting visitors; return True when none is left, False when it is time to read the export again.

    Raises: PassStopped, leases.LeaseLost.
    """
    now = work.clock.now()
    hurried = schedule.is_someone_waited_for(integration_id=work.integration.pk, now=now)
    until = now + (schedule.EVERY_HURRIED if hurried else schedule.EVERY)
    _promote(work, now=now)
    work.counts["lookups_left"] = lookups.count_lookups_left(integration_id=work.integration.pk, now=now)
    while work.clock.now() < until:
        waiting = lookups.list_next_lookups(
            integration_id=work.integration.pk, now=work.clock.now(), is_eager=work.is_eager, limit=BATCH
        )
        if waiting:
            order_until = min(until, work.clock.now() + timedelta(seconds=ORDER_S))
            _ask_about_all(work, waiting, until=order_until)
        elif not _queue_slice(work):
            return True
    return False


def _promote(work: Work, *, now: datetime) -> None:
    """Move visitors forward that may belong to users who signed in since the last time."""
    key = work.integration.pk
    done_until = lookups.read_promoted_until(integration_id=key) or work.integration.last_success_at
    since = min(done_until or now - schedule.HURRY_FOR, now) - schedule.HURRY_FOR
    _do_chore(work, partial(lookups.promote, integration_id=key, since=since, now=now), now=now)


def _queue_slice(work: Work) -> bool:
    """Once a day, when no visitor waits, queue those with the oldest answers; return whether any was queued."""
    now, key = work.clock.now(), work.integration.pk
    if work.is_eager or not chores.is_due(integration_id=key, name=chores.REVERIFY, now=now):
        return False
    oldest = partial(lookups.queue_oldest, integration_id=key, per_minute=work.caller.per_minute, now=now)
    number = _do_chore(work, oldest, now=now)
    if number is None:
        return False
    with transaction.atomic():
        leases.renew(held=work.held)
        chores.postpone(integration_id=key, name=chores.REVERIFY, until=now + REVERIFY_EVERY)
    return number > 0


def _do_chore(work: Work, chore: Callable[..., int], *, now: datetime) -> int | None:
    """Do a chore for a limited time; return how many visitors it moved, None where the database failed.

    The next pass goes on with the rest. A chore only orders the visitors: asking about them in another order is better
    than a pass that crashes at the same place each time.

    Raises: PassStopped, leases.LeaseLost.
    """
    until = now + timedelta(seconds=CHORE_S)

    def go_on() -> bool:
        return work.caller.is_going_on() and work.clock.now() < until

    try:
        return chore(leave=lookups.Leave(held=work.held, go_on=go_on))
    except OperationalError as error:
        slug = work.integration.slug
        logger.warning("The queue of %s was not put in order (%s); the next pass goes on.", slug, type(error).__name__)
        return None


def _ask_about_all(work: Work, questions: Sequence[lookups.Question], *, until: datetime) -> None:
    answers: list[VisitorAnswer] = []
    began_at = work.clock.now()
    try:
        for question in questions:
            if work.clock.now() >= until:
                break
            answers.append(_ask_about(work, question))
            if (work.clock.now() - began_at).total_seconds() >= BATCH_S:
                _store(work, answers)
                answers, began_at = [], work.clock.now()
    except PassStopped:
        _store(work, answers)
        raise
    _store(work, answers)


def _ask_about(work: Work, question: lookups.Question) -> VisitorAnswer:
    answer = partial(VisitorAnswer, asked_id=question.visitor_id, activity_at=question.activity_at)
    try:
        record = work.caller.ask(partial(work.client.visitor, visitor_id=question.visitor_id))
    except ZendeskGone:
        record = None
    except PassStopped as halt:
        work.failed_in_a_row += 1
        if halt.reason != StopReason.VENDOR_FAULT or work.failed_in_a_row >= FAILED_IN_A_ROW:
            raise
        work.failed += 1
        return answer(asked_at=work.caller.asked_at, failure=str(halt))
    work.failed_in_a_row = 0
    return answer(asked_at=work.caller.asked_at, record=record)


def _store(work: Work, answers: Sequence[VisitorAnswer]) -> None:
    if not answers:
        return
    before, work.counts = (
        work.counts["linked"],
        retry_on_conflict(partial(_store_answers, work, answers, now=work.clock.now())),
    )
    table_statistics.keep_up(tables=table_statistics.LINKED, before=before, after=work.counts["linked"])


def _store_answers(work: Work, answers: Sequence[VisitorAnswer], *, now: datetime) -> dict[str, int]:
    """Store answers in a transaction; return the run's counts with them."""
    with transaction.atomic():
        leases.renew(held=work.held)
        tally = store_answers(run=work.run, answers=answers, now=now)
        counts = work.read_counts()
        for name, number in asdict(tally).items():
            counts[name] += number
        counts["lookups"] += len(answers)
        if counts["lookups_left"] < LEFT_COUNTED_MOST:
            counts["lookups_left"] = max(0, counts["lookups_left"] - len(answers))
        runs.touch_run(run=work.run, counts=counts, now=now)
    return counts
