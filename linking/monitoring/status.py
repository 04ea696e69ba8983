"""The state and the counts of every integration, in a fixed number of queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from linking.core.config import LoginAlgorithm, SecretName, ZendeskProduct
from linking.models.integration import Integration, Secret
from linking.models.sync.sync_run import REFRESH_TRIGGER, RunState, SyncRun, SyncSteering
from linking.monitoring import row_counts
from linking.monitoring.freshness import STALE_AFTER, SyncStanding, standing_of
from linking.monitoring.stop_reasons import SOUND

# A pass that a person started waits for the budget, however long that takes; one that took longer than this has shown
# itself while it ran.
LONGEST_PASS = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationStatus:
    """One integration.

    `lag_s`: seconds since the last complete sync, None before the first. `missing`: keys of the settings it lacks.
    """

    slug: str
    name: str
    standing: SyncStanding
    blocked_reason: str
    is_running: bool
    last_success_at: datetime | None
    lag_s: int | None
    counts: row_counts.Counts
    missing: tuple[str, ...] = ()


def load_statuses(*, now: datetime) -> list[IntegrationStatus]:
    """Return all integrations by name, in seven queries, none of which counts millions of rows."""
    running = set(SyncRun.objects.filter(state=RunState.RUNNING).order_by().values_list("integration_id", flat=True))
    counts, secrets = row_counts.load_counts(now=now), _list_secret_names()
    return [
        IntegrationStatus(
            slug=row.slug,
            name=row.name,
            standing=find_standing(row, names=secrets[row.pk], now=now),
            blocked_reason=row.blocked_reason,
            is_running=row.pk in running,
            last_success_at=row.last_success_at,
            lag_s=None if row.last_success_at is None else max(0, int((now - row.last_success_at).total_seconds())),
            counts=counts.get(row.pk, row_counts.NOTHING),
            missing=list_missing_setup(row, names=secrets[row.pk]),
        )
        for row in _list_rows(now=now)
    ]


def list_integrations() -> list[Integration]:
    """Return all integrations in the order of the table."""
    return list(Integration.objects.all())


def list_progress(*, now: datetime) -> list[Integration]:
    """Return all integrations in the order of the table, each with its steering and whether it is catching up."""
    return list(annotate_catching_up(Integration.objects.select_related("steering"), since=now - STALE_AFTER))


def load_standings(*, now: datetime) -> dict[str, SyncStanding]:
    """Return the state of each sync by slug, in two queries whose cost does not depend on the number of visitors."""
    secrets = _list_secret_names()
    return {row.slug: find_standing(row, names=secrets[row.pk], now=now) for row in _list_rows(now=now)}


def _list_rows(*, now: datetime) -> QuerySet[Integration]:
    rows = annotate_catching_up(Integration.objects.select_related("steering"), since=now - STALE_AFTER)
    return rows.order_by("name", "pk")


def _list_secret_names() -> defaultdict[int, set[str]]:
    names: defaultdict[int, set[str]] = defaultdict(set)
    for key, name in Secret.objects.values_list("integration_id", "name"):
        names[key].add(name)
    return names


def annotate_catching_up(rows: QuerySet[Integration], *, since: datetime) -> QuerySet[Integration]:
    """Return `rows`, each with `is_catching_up`: whether a sync made progress since `since` without a fault.

    The first import takes hours or days, in syncs of minutes that all end before everything is read. Every sync reads
    at least one page, so only more than one page counts as progress.
    """
    passes = SyncRun.objects.filter(integration=OuterRef("pk"), touched_at__gte=since).exclude(trigger=REFRESH_TRIGGER)
    advancing = passes.filter(Q(lookups__gt=0) | Q(pages__gt=1)).order_by()
    # Two questions, each with an index: of hundreds of thousands of passes, neither reads more than a few hundred.
    under_way = advancing.filter(state=RunState.RUNNING)
    ended = advancing.filter(stop_reason__in=SOUND, started_at__gte=since - LONGEST_PASS)
    return rows.annotate(is_catching_up=Exists(under_way) | Exists(ended))


def is_catching_up(row: Integration) -> bool:
    """Return whether a row of `annotate_catching_up` is catching up; False for any other row."""
    return bool(getattr(row, "is_catching_up", False))


# What reading an account takes: a token for Chat, an OAuth client for Support, which gives tokens itself.
_SECRET_TO_READ = {
    ZendeskProduct.CHAT.value: SecretName.ZENDESK_ACCESS_TOKEN,
    ZendeskProduct.MESSAGING.value: SecretName.ZENDESK_CLIENT_SECRET,
}
_SETTINGS_TO_READ: dict[str, tuple[str, ...]] = {
    ZendeskProduct.CHAT.value: (),
    ZendeskProduct.MESSAGING.value: ("zendesk_client_id",),
}


def list_missing_secrets(integration: Integration, *, names: set[str]) -> tuple[SecretName, ...]:
    """Return the secrets that `integration` needs and that are not among `names`, those it has."""
    needed = [SecretName.ZENDESK_SHARED_SECRET]
    if integration.login_algorithm == LoginAlgorithm.HS256:
        needed.insert(0, SecretName.LOGIN_SECRET_KEY)
    if integration.sync_enabled:
        needed.append(_SECRET_TO_READ[integration.zendesk_product])
    return tuple(name for name in needed if name not in names)


def list_missing_setup(integration: Integration, *, names: set[str]) -> tuple[str, ...]:
    """Return the keys of secrets and settings that `integration` still needs before it works."""
    missing = list_missing_secrets(integration, names=names)
    if not integration.sync_enabled:
        return missing
    has_address = bool(integration.zendesk_subdomain or integration.zendesk_api_url)
    settings = [name for name in _SETTINGS_TO_READ[integration.zendesk_product] if not getattr(integration, name)]
    return (*missing, *settings, *(() if has_address else ("zendesk_subdomain",)))


def is_paused(row: Integration) -> bool:
    """Return whether a person paused the schedule; the row's `steering` is loaded."""
    steering: SyncSteering | None = getattr(row, "steering", None)
    return steering is not None and steering.paused_at is not None


def find_standing(row: Integration, *, now: datetime, names: set[str] | None = None) -> SyncStanding:
    """Return the state of the sync of one from `list_progress`. What is missing counts where the `names` of its secrets
    are given.
    """
    return standing_of(
        is_enabled=row.enabled,
        is_complete=names is None or not list_missing_setup(row, names=names),
        is_sync_enabled=row.sync_enabled,
        blocked_reason=row.blocked_reason,
        last_success_at=row.last_success_at,
        now=now,
        is_paused=is_paused(row),
        is_catching_up=is_catching_up(row),
    )
