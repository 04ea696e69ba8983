"""What the sync did and what is left, as the sync page shows it: passes, progress, unreadable records."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Case, DateTimeField, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.models import Integration, Quarantined, RunState, SyncRun, Visitor
from linking.models.sync_run import REFRESH_TRIGGER

# Before so many visitors and seconds a rate says more about chance than about the pass.
RATE_AFTER_LOOKUPS = 10
RATE_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPasses:
    """What the passes since the last complete one did: a long reading takes many of them.

    `from_epoch_s` is where the earliest of them began to read the export, None without one.
    """

    lookups: int = 0
    from_epoch_s: int | None = None


def list_runs(*, before: int, limit: int) -> list[SyncRun]:
    """Return at most `limit` passes with their integrations, newest first; `before` is a key, 0 for the newest."""
    rows = SyncRun.objects.select_related("integration").order_by("-pk")
    return list((rows.filter(pk__lt=before) if before else rows)[:limit])


def find_running() -> dict[str, SyncRun]:
    """Return the running pass of each integration that has one, by slug."""
    rows = SyncRun.objects.filter(state=RunState.RUNNING).select_related("integration").order_by("pk")
    return {run.integration.slug: run for run in rows}


def sum_earlier_passes(running: Iterable[SyncRun]) -> dict[int, EarlierPasses]:
    """Return what was done since the last complete pass, by integration's key, where one is running; two queries."""
    keys = {run.integration_id for run in running}
    if not keys:
        return {}
    passes = SyncRun.objects.filter(integration__in=keys).exclude(trigger=REFRESH_TRIGGER).order_by()
    complete = passes.filter(state=RunState.COMPLETE).values_list("integration_id")
    last = dict(complete.annotate(number=Max("pk")))
    since = [Q(integration=key, pk__gt=last.get(key, 0)) for key in sorted(keys)]
    stopped = passes.filter(reduce(or_, since), state=RunState.STOPPED).values_list("integration_id")
    sums = stopped.annotate(read=Sum("lookups"), begin=Min("cursor_from_epoch_s"))
    return {key: EarlierPasses(lookups=lookups, from_epoch_s=from_epoch_s) for key, lookups, from_epoch_s in sums}


def list_unreadable() -> QuerySet[Quarantined]:
    """Return the unreadable records with their integrations, the next to be tried first.

    `turn_at` of each is when it is tried again, None without an automatic retry: a visitor waits in the queue of
    lookups, like any other, and a page of the export has a time of its own.
    """
    visitors = Visitor.objects.filter(integration=OuterRef("integration"), visitor_id=OuterRef("record_key"))
    lookup_at = Subquery(visitors.values("lookup_due_at")[:1])
    turn_at = Case(When(source="visitor", then=lookup_at), default=F("retry_at"), output_field=DateTimeField())
    rows = Quarantined.objects.select_related("integration").annotate(turn_at=turn_at)
    return rows.order_by(F("turn_at").asc(nulls_last=True), "-pk")


def load_integrations() -> dict[str, Integration]:
    """Return every integration with what people asked of its sync, by slug."""
    return {row.slug: row for row in Integration.objects.select_related("steering")}


def format_rough_time(time: timedelta) -> str:
    """Return a rough duration in words, which fit behind “takes” and before “left”."""
    minutes = time.total_seconds() / 60
    if minutes < 1:
        return _("less than a minute")
    if minutes < 90:
        return ngettext("about %d minute", "about %d minutes", round(minutes)) % round(minutes)
    if minutes < 48 * 60:
        return ngettext("about %d hour", "about %d hours", round(minutes / 60)) % round(minutes / 60)
    return ngettext("about %d day", "about %d days", round(minutes / 1440)) % round(minutes / 1440)
