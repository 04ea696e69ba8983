"""What the sync did and what is left, as the sync page shows it: passes, progress, unreadable records."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Case, DateTimeField, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.core.config import Snapshot
from linking.models import Integration, Quarantined, RunState, SyncRun, Visitor
from linking.models.sync.sync_run import REFRESH_TRIGGER
from linking.sync.sources import find_source
from linking.sync.store import request_slots

# Before so many visitors and seconds a rate says more about chance than about the pass.
RATE_AFTER_LOOKUPS = 10
RATE_AFTER = timedelta(seconds=5)
JUDGED_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass in a strip: how it ended (`stop_reason` is "" unless it stopped early) and how long it took.

    `linked` is how many visitors it linked, anew or to another player.
    """

    key: int
    state: str
    stop_reason: str
    started_at: datetime
    took_s: float
    linked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Calls to one Zendesk account in this minute of the clock and the one before, and how many a minute may have."""

    this_minute: int
    last_minute: int
    per_minute: int


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


def list_recent_passes(*, limit: int) -> dict[int, list[Pass]]:
    """Return the last `limit` passes of each integration, oldest first, by its key; two queries by index.

    A refresh of one visitor is no pass.
    """
    passes = SyncRun.objects.filter(integration=OuterRef("pk")).exclude(trigger=REFRESH_TRIGGER)
    newest = passes.order_by("-started_at", "-pk").values("started_at")
    # Where an integration has fewer passes, all of them count.
    firsts = Integration.objects.annotate(first_at=Subquery(newest[limit - 1 : limit])).values_list("pk", "first_at")
    wanted = [Q(integration=key) if at is None else Q(integration=key, started_at__gte=at) for key, at in firsts]
    if not wanted:
        return {}
    rows = SyncRun.objects.filter(reduce(or_, wanted)).exclude(trigger=REFRESH_TRIGGER).order_by("started_at", "pk")
    found: dict[int, list[Pass]] = {}
    for one in rows.values_list(
        "integration_id", "pk", "state", "stop_reason", "started_at", "touched_at", "finished_at", "linked", "relinked"
    ):
        key, pk, state, reason, started_at, touched_at, finished_at, linked, relinked = one
        took = (finished_at or touched_at) - started_at
        passed = Pass(
            key=pk, state=state, stop_reason=reason, started_at=started_at, took_s=max(0.0, took.total_seconds()),
            linked=linked + relinked,
        )  # fmt: skip
        found.setdefault(key, []).append(passed)
    return {key: passes[-limit:] for key, passes in found.items()}


def load_budgets(*, snapshot: Snapshot, now: datetime) -> dict[str, Budget]:
    """Return how much of its account's budget each integration of `snapshot` used, by slug; one query."""
    accounts = {
        slug: find_source(config.zendesk_product).name_budget(config) or slug
        for slug, config in snapshot.by_slug.items()
    }
    calls = request_slots.load_calls(accounts=accounts.values(), now_epoch_s=now.timestamp())
    nothing = request_slots.Calls(this_minute=0, last_minute=0)
    return {
        slug: Budget(
            this_minute=calls.get(account, nothing).this_minute,
            last_minute=calls.get(account, nothing).last_minute,
            per_minute=snapshot.by_slug[slug].requests_per_minute,
        )
        for slug, account in accounts.items()
    }


def list_unreadable() -> QuerySet[Quarantined]:
    """Return the newest `JUDGED_MAX` unreadable records with their integrations, the next to be tried first.

    `turn_at` of each is when it is tried again, None without an automatic retry: a visitor waits in the queue of
    lookups, like any other, and a page of the export has a time of its own.
    """
    visitors = Visitor.objects.filter(integration=OuterRef("integration"), visitor_id=OuterRef("record_key"))
    lookup_at = Subquery(visitors.values("lookup_due_at")[:1])
    turn_at = Case(When(source="visitor", then=lookup_at), default=F("retry_at"), output_field=DateTimeField())
    # When each is tried is asked of two tables, so not of fifty thousand records that one bad export left behind.
    newest = list(Quarantined.objects.order_by("-pk").values_list("pk", flat=True)[:JUDGED_MAX])
    rows = Quarantined.objects.filter(pk__any_of=newest).select_related("integration").annotate(turn_at=turn_at)
    return rows.order_by(F("turn_at").asc(nulls_last=True), "-pk")


def list_all_unreadable() -> QuerySet[Quarantined]:
    """Return all unreadable records, in no order."""
    return Quarantined.objects.order_by()


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
