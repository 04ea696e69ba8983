"""One visitor, read again now because somebody looks at it."""

import math
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from linking import registry
from linking.clients.zendesk_api import ZendeskGone
from linking.clients.zendesk_records import Unreadable
from linking.limits import WindowLimiter
from linking.models import Integration, RunState, SyncRun, Visitor, VisitorRefresh
from linking.models.sync_run import REFRESH_TRIGGER
from linking.sync.calls_with_retries import (
    Clock,
    PacedCaller,
    PassStopped,
    Patience,
    name_budget,
    open_client,
)
from linking.sync.renew_token import renew_in_time
from linking.sync.store import controls, lookups
from linking.sync.store.answers import retry_on_conflict, store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.store.rows import find_canonical_ids
from linking.sync.zendesk_host import replace_retired_host

TRIES = 2
PER_MINUTE = 20  # refreshes a minute that one person may ask for
_COMPARED = ("visitor_id", "state", "external_id", "name", "email", "phone", "notes", "is_banned")


limiter = WindowLimiter(at_most=PER_MINUTE, shared_as="refreshes")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What reading a visitor again brought: names of the fields that changed, or why it is still to be done."""

    changed: tuple[str, ...] = ()
    queued_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRequest:
    """What to do about a person's wish: queue a refresh, nothing as one is pending, or have the person wait."""

    is_to_be_queued: bool = False
    wait_s: int = 0


def request_refresh(*, visitor_pk: int, person: str, now: datetime) -> RefreshRequest:
    """Take a person's wish for a refresh within the person's budget; one is pending for a visitor at a time."""
    wait_s = limiter.wait_s(key=person, now=now.timestamp())
    if wait_s > 0:
        return RefreshRequest(wait_s=math.ceil(wait_s))
    return RefreshRequest(is_to_be_queued=controls.claim_refresh(visitor_pk=visitor_pk, now=now))


def drop_request(*, visitor_pk: int) -> None:
    """Forget a wish that could not be queued."""
    controls.release_refresh(visitor_pk=visitor_pk)


def refresh_visitor(*, visitor_pk: int, clock: Clock, patience: Patience, allow_loopback: bool) -> RefreshReport:
    """Read one visitor again and report what changed; where that is not possible now, put it first in the queue.

    The report is kept with the visitor too, for its page.

    Raises: Visitor.DoesNotExist.
    """
    row = Visitor.objects.select_related("integration").get(pk=visitor_pk)
    try:
        answer, calls = _ask(row, clock=clock, patience=patience, allow_loopback=allow_loopback)
    except PassStopped as halt:
        lookups.queue_first(visitors=Visitor.objects.filter(pk=row.pk), now=clock.now())
        return _keep_report(RefreshReport(queued_because=str(halt)), of=row, clock=clock)
    return retry_on_conflict(partial(_settle_refresh, row, answer=answer, calls=calls, clock=clock))


def _settle_refresh(row: Visitor, *, answer: VisitorAnswer, calls: int, clock: Clock) -> RefreshReport:
    with transaction.atomic():
        _store(row.integration, answer=answer, calls=calls, clock=clock)
        if isinstance(answer.record, Unreadable):
            return _keep_report(RefreshReport(queued_because=answer.record.reason), of=row, clock=clock)
        return _keep_report(RefreshReport(changed=_find_changes(row)), of=row, clock=clock)


def _ask(row: Visitor, *, clock: Clock, patience: Patience, allow_loopback: bool) -> tuple[VisitorAnswer, int]:
    """Return the answer and how many calls it took. Raises: PassStopped."""
    config, problems = registry.config_of(row.integration)
    config, _notice = replace_retired_host(renew_in_time(config, clock=clock, allow_loopback=allow_loopback))
    caller = PacedCaller(
        account=name_budget(config),
        per_minute=config.requests_per_minute,
        patience=patience,
        clock=clock,
        keep=lambda: None,
        tries=TRIES,
    )
    with closing(open_client(config=config, problems=problems, allow_loopback=allow_loopback)) as client:
        try:
            record = caller.ask(partial(client.visitor, visitor_id=row.visitor_id))
        except ZendeskGone:
            record = None
    answer = VisitorAnswer(
        asked_id=row.visitor_id, asked_at=caller.asked_at, activity_at=row.last_seen_at, record=record
    )
    return answer, caller.calls


def _store(integration: Integration, *, answer: VisitorAnswer, calls: int, clock: Clock) -> None:
    # No lease: the rows are locked one by one, and what is stored is compared with them as they are then.
    now = clock.now()
    run = SyncRun.objects.create(
        integration=integration, trigger=REFRESH_TRIGGER, state=RunState.COMPLETE, started_at=now, touched_at=now,
        finished_at=now, calls=calls, lookups=1,
    )  # fmt: skip
    tally = store_answers(run=run, answers=[answer], now=now)
    SyncRun.objects.filter(pk=run.pk).update(
        linked=tally.linked, relinked=tally.relinked, anonymous=tally.anonymous, gone=tally.gone,
        conflicts=tally.conflicts, quarantined=tally.quarantined,
    )  # fmt: skip


def _keep_report(report: RefreshReport, *, of: Visitor, clock: Clock) -> RefreshReport:
    """Keep a report with the visitor, or with the one that Zendesk joined it into, and return it."""
    ids = find_canonical_ids(integration_id=of.integration_id, visitor_ids=[of.visitor_id])
    wanted = ids.get(of.visitor_id, of.visitor_id)
    now_kept = Visitor.objects.filter(integration_id=of.integration_id, visitor_id=wanted).first()
    if now_kept is not None:
        told = {
            "changed": list(report.changed), "queued_because": report.queued_because[:300], "at": clock.now(),
            "pending_since": None,
        }  # fmt: skip
        VisitorRefresh.objects.update_or_create(visitor=now_kept, defaults=told)
    return report


def _find_changes(before: Visitor) -> tuple[str, ...]:
    after = Visitor.objects.filter(pk=before.pk).first()
    if after is None:
        return ("visitor_id",)  # Zendesk joined it into another one
    return tuple(name for name in _COMPARED if getattr(after, name) != getattr(before, name))


def find_refresh(*, visitor_pk: int) -> VisitorRefresh | None:
    """Return the last refresh that a person asked for, None where there was none. One query."""
    return VisitorRefresh.objects.filter(visitor_id=visitor_pk).first()
