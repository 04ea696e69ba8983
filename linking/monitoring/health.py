"""Whether this process can do its work, and the numbers that say how it goes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from linking import registry
from linking.models import Heartbeat, Quarantined, Secret
from linking.monitoring.freshness import HEARTBEAT_STALE_AFTER, SyncStanding
from linking.monitoring.status import IntegrationStatus, load_statuses, standing_by_slug
from linking.tokens import sightings

ROLES = ("beat", "worker")
_SYNC_WORDS = {
    SyncStanding.STALE: "the last complete pass is too long ago",
    SyncStanding.BLOCKED: "the sync waits for an administrator",
}


class Status(StrEnum):
    """One word for a machine that watches."""

    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One thing that is wrong: `part` is a machine word, `detail` a sentence without any secret's value."""

    part: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`broken` is what keeps this process from all its work; `degraded` what concerns one integration, or waits."""

    broken: tuple[Flaw, ...] = ()
    degraded: tuple[Flaw, ...] = ()

    @property
    def status(self) -> Status:
        """The word for it."""
        if self.broken:
            return Status.DOWN
        return Status.DEGRADED if self.degraded else Status.READY


def find_readiness(*, now: datetime, is_broker_up: bool) -> Readiness:
    """Return what is wrong at `now`, seen from a web process.

    Parts: database, migrations, secret; broker, configuration, beat, worker, sync. A secret is `broken` only where
    none of the enabled integrations' can be had.
    """
    try:
        unapplied = _count_unapplied()
        if unapplied:
            detail = f"{unapplied} migrations are not applied: run manage.py migrate."
            return Readiness(broken=(Flaw(part="migrations", detail=detail),))
        secrets = find_secret_flaws(where="the web process")
        degraded = (*_find_degraded(is_broker_up=is_broker_up), *_silent_roles(now=now), *_resting_syncs(now=now))
    except DatabaseError:
        connection.close()
        return Readiness(broken=(Flaw(part="database", detail="The database does not answer."),))
    if secrets.is_every_one:
        return Readiness(broken=secrets.flaws, degraded=degraded)
    return Readiness(degraded=(*secrets.flaws, *degraded))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFlaws:
    """Secrets that cannot be had, and whether that is every one of the enabled integrations."""

    flaws: tuple[Flaw, ...]
    is_every_one: bool


def find_secret_flaws(*, where: str) -> SecretFlaws:
    """Return which secrets of enabled integrations this process cannot have; `where` names it in the sentences.

    What a switched-off one names may have gone away with what needed it.

    Raises: django.db.DatabaseError.
    """
    secrets = Secret.objects.filter(integration__enabled=True).select_related("integration")
    reasons = {secret: registry.find_secret_flaw(secret) for secret in secrets.order_by("integration__slug", "name")}
    flaws = (
        f"Integration {secret.integration.slug}: {secret.name} cannot be had in {where}: {reason}"
        for secret, reason in reasons.items()
        if reason
    )
    return SecretFlaws(
        flaws=tuple(Flaw(part="secret", detail=detail) for detail in flaws),
        is_every_one=bool(reasons) and all(reasons.values()),
    )


def find_flaws_at_start(*, now: datetime, where: str) -> tuple[Flaw, ...]:
    """Return what a person should know when the processes start; `where` names them in the sentences.

    Only what no process mends by itself: who has just started is stale, and nobody has been heard of.

    Raises: django.db.DatabaseError.
    """
    return (*find_secret_flaws(where=where).flaws, *_resting_syncs(now=now, among=(SyncStanding.BLOCKED,)))


def metrics(*, now: datetime) -> bytes:
    """Return the numbers in Prometheus' text format.

    Raises: django.db.DatabaseError.
    """
    collectors = CollectorRegistry(auto_describe=False)
    collectors.register(_Tables(now=now))
    return generate_latest(collectors)


@cache
def _on_disk() -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    # The files do not change while the process lives; a migration's `replaces` lets a squashed one count as applied.
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {key: tuple(migration.replaces) for key, migration in loader.disk_migrations.items()}


def _count_unapplied() -> int:
    applied = set(MigrationRecorder(connection).applied_migrations())
    known = _on_disk()
    replaced = {old for key, olds in known.items() if key in applied for old in olds}
    return sum(
        key not in applied and key not in replaced and not (olds and applied.issuperset(olds))
        for key, olds in known.items()
    )


def _find_degraded(*, is_broker_up: bool) -> Iterator[Flaw]:
    if not is_broker_up:
        yield Flaw(part="broker", detail="The broker does not answer: tokens are issued, the sync waits.")
    if registry.is_stale():
        yield Flaw(part="configuration", detail="The last good configuration is in use; a change would not be seen.")


def _silent_roles(*, now: datetime) -> Iterator[Flaw]:
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    for role in ROLES:
        beat_at = beats.get(role)
        if beat_at is None or now - beat_at > HEARTBEAT_STALE_AFTER:
            yield Flaw(part=role, detail=f"The {role} was {'never' if beat_at is None else 'not lately'} heard of.")


def _resting_syncs(*, now: datetime, among: Collection[SyncStanding] = tuple(_SYNC_WORDS)) -> Iterator[Flaw]:
    for slug, standing in standing_by_slug(now=now).items():
        if standing in among:
            yield Flaw(part="sync", detail=f"Integration {slug}: {_SYNC_WORDS[standing]}.")


class _Tables:
    """Reads the tables when it is asked for numbers, so that every process tells the same ones."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every family once."""
        rows = load_statuses(now=self._now)
        yield from _integration_families(rows)
        heard = GaugeMetricFamily(
            "zdbridge_heartbeat_age_seconds", "Since the role was last heard of.", labels=["role"]
        )
        for role, beat_at in Heartbeat.objects.order_by("name").values_list("name", "beat_at"):
            heard.add_metric([role], max(0.0, (self._now - beat_at) / timedelta(seconds=1)))
        yield heard
        number = Quarantined.objects.count()
        yield GaugeMetricFamily("zdbridge_quarantined_records", "Records that could not be read.", value=number)
        dropped = sightings.count_dropped()
        yield CounterMetricFamily("zdbridge_sightings_dropped", "Sightings this process dropped.", value=dropped)
        is_stale = float(registry.is_stale())
        yield GaugeMetricFamily("zdbridge_configuration_stale", "1: the last good one is in use here.", value=is_stale)


def _integration_families(rows: list[IntegrationStatus]) -> Iterator[Metric]:
    one = ["integration"]
    visitors = GaugeMetricFamily("zdbridge_visitors", "Visitors by state.", labels=[*one, "state"])
    standing = GaugeMetricFamily("zdbridge_integration_state", "1 for the state it is in.", labels=[*one, "state"])
    gauges: dict[str, Any] = {
        "users": GaugeMetricFamily("zdbridge_login_users", "Login users known.", labels=one),
        "waiting_users": GaugeMetricFamily("zdbridge_waiting_users", "Signed in, not seen in Chat yet.", labels=one),
        "waiting_lookups": GaugeMetricFamily("zdbridge_waiting_lookups", "Visitors to be read.", labels=one),
        "open_conflicts": GaugeMetricFamily("zdbridge_open_conflicts", "Conflicts to be decided.", labels=one),
    }
    success = GaugeMetricFamily(
        "zdbridge_sync_last_success_timestamp_seconds", "When the last complete pass ended.", labels=one
    )
    for row in rows:
        for state in ("linked", "anonymous", "pending", "gone"):
            visitors.add_metric([row.slug, state], getattr(row.counts, state))
        standing.add_metric([row.slug, row.standing], 1)
        for name, family in gauges.items():
            family.add_metric([row.slug], getattr(row.counts, name))
        if row.last_success_at is not None:
            success.add_metric([row.slug], row.last_success_at.timestamp())
    yield from (visitors, standing, *gauges.values(), success)
