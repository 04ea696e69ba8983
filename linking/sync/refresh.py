"""Reads one visitor again because a person asks for it."""

import math
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from linking import registry
from linking.clients.zendesk_records import Unreadable
from linking.limits import WindowLimiter
from linking.models import Visitor, VisitorRefresh
from linking.sync.calls_with_retries import Clock, PassStopped, Patience
from linking.sync.read_one_visitor import Asking, read_one_visitor, store_as_run
from linking.sync.sources import find_source
from linking.sync.store import controls, lookups
from linking.sync.store.answers import retry_on_conflict
from linking.sync.store.rows import find_canonical_ids

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
    """What to do about a person's request: queue a refresh, do nothing as one is pending, or have the person wait."""

    is_to_be_queued: bool = False
    wait_s: int = 0


def request_refresh(*, visitor_pk: int, person: str, now: datetime) -> RefreshRequest:
    """Accept a person's request for a refresh within the person's budget; a visitor has one pending at a time."""
    wait_s = limiter.wait_s(key=person, now=now.timestamp())
    if wait_s > 0:
        return RefreshRequest(wait_s=math.ceil(wait_s))
    return RefreshRequest(is_to_be_queued=controls.claim_refresh(visitor_pk=visitor_pk, now=now))


def drop_request(*, visitor_pk: int) -> None:
    """Forget a request that could not be queued."""
    controls.release_refresh(visitor_pk=visitor_pk)


def refresh_visitor(*, visitor_pk: int, clock: Clock, patience: Patience, allow_loopback: bool) -> RefreshReport:
    """Read one visitor again and report what changed; where that is not possible now, queue it first.

    The report is kept with the visitor too, for its page.

    Raises: Visitor.DoesNotExist.
    """
    row = Visitor.objects.select_related("integration").get(pk=visitor_pk)
    try:
        asking = read_one_visitor(
            row.integration, visitor_id=row.visitor_id, clock=clock, patience=patience, allow_loopback=allow_loopback
        )
    except PassStopped as halt:
        lookups.queue_first(visitors=Visitor.objects.filter(pk=row.pk), now=clock.now())
        return _keep_report(RefreshReport(queued_because=str(halt)), of=row, clock=clock)
    return retry_on_conflict(partial(_settle_refresh, row, asking=asking, clock=clock))


def _settle_refresh(row: Visitor, *, asking: Asking, clock: Clock) -> RefreshReport:
    integration, now = row.integration, clock.now()
    store = partial(
        find_source(integration.zendesk_product).store_visitor, visitor=row, record=asking.record,
        config=registry.config_of(integration)[0], asked_at=asking.caller.asked_at, now=now,
    )  # fmt: skip
    with transaction.atomic():
        store_as_run(integration, caller=asking.caller, store=lambda run: store(run=run), now=now)
        if isinstance(asking.record, Unreadable):
            return _keep_report(RefreshReport(queued_because=asking.record.reason), of=row, clock=clock)
        return _keep_report(RefreshReport(changed=_find_changes(row)), of=row, clock=clock)


def _keep_report(report: RefreshReport, *, of: Visitor, clock: Clock) -> RefreshReport:
    """Keep a report with the visitor, or with the one that Zendesk joined it into, and return it."""
    ids = find_canonical_ids(integration_id=of.integration_id, visitor_ids=[of.visitor_id])
    visitor_id = ids.get(of.visitor_id, of.visitor_id)
    visitor = Visitor.objects.filter(integration_id=of.integration_id, visitor_id=visitor_id).first()
    if visitor is not None:
        report_values = {
            "changed": list(report.changed), "queued_because": report.queued_because[:300], "at": clock.now(),
            "pending_since": None,
        }  # fmt: skip
        VisitorRefresh.objects.update_or_create(visitor=visitor, defaults=report_values)
    return report


def _find_changes(before: Visitor) -> tuple[str, ...]:
    after = Visitor.objects.filter(pk=before.pk).first()
    if after is None:
        return ("visitor_id",)  # Zendesk joined it into another one
    return tuple(name for name in _COMPARED if getattr(after, name) != getattr(before, name))


def find_refresh(*, visitor_pk: int) -> VisitorRefresh | None:
    """Return the last refresh that a person asked for, None where there was none. One query."""
    return VisitorRefresh.objects.filter(visitor_id=visitor_pk).first()
