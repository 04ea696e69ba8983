"""Readiness of this process."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking import registry, sealing
from linking.models import Heartbeat, Secret
from linking.monitoring import clocks, storage
from linking.monitoring.flaws import Flaw
from linking.monitoring.freshness import HEARTBEAT_STALE_AFTER, SyncStanding
from linking.monitoring.heartbeats import REFRESH, TICK
from linking.monitoring.status import load_standings

SEALS_REMEMBERED_S = 60.0
_SILENT_ROLES = {
    "beat": gettext_lazy("The scheduler (role beat) is not responding. Is it running?"),
    "worker": gettext_lazy("The worker (role worker) is not responding. Is it running?"),
}
ROLES = tuple(_SILENT_ROLES)
# The label of an application and the name of one of its migrations.
Migration = tuple[str, str]
_APP = "linking"
_SILENT_REFRESH = gettext_lazy("The worker for what people request (refresh) is not responding. Is it running?")
_WAITING_QUEUE = gettext_lazy(
    "Scheduler and worker run, but nothing was taken from the queue for minutes. Is the worker busy or stuck?"
)
# Two long syncs can hold every process of a worker for some minutes.
QUEUE_STALE_AFTER = timedelta(minutes=5)
_SYNC_FLAWS = {
    SyncStanding.STALE: gettext_lazy(
        "Integration %(slug)s: the last complete sync was too long ago. See the sync page."
    ),
    SyncStanding.BLOCKED: gettext_lazy("Integration %(slug)s: the sync waits for an administrator. See the sync page."),
}


class Status(StrEnum):
    """The state as monitoring systems read it."""

    READY = "ready"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`broken` stops all work of this process; `degraded` affects one integration, or work that can wait."""

    broken: tuple[Flaw, ...] = ()
    degraded: tuple[Flaw, ...] = ()

    @property
    def status(self) -> Status:
        """The state that follows from the problems."""
        if self.broken:
            return Status.DOWN
        return Status.DEGRADED if self.degraded else Status.READY


def find_readiness(*, now: datetime, is_broker_up: bool, data_dir: Path) -> Readiness:
    """Return the problems at `now`, as a web process sees them.

    Parts: database, migrations, secret; schema, disk, broker, configuration, beat, worker, refresh, queue, seal, sync.
    A secret is `broken` only when no secret of the enabled integrations can be read, the database if it stores nothing.
    """
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
        unapplied = _count_unapplied(applied)
        if unapplied:
            detail = ngettext(
                "%(number)s migration is not applied. Run: manage.py migrate",
                "%(number)s migrations are not applied. Run: manage.py migrate",
                unapplied,
            ) % {"number": unapplied}
            return Readiness(broken=(Flaw(part="migrations", detail=detail),))
        read_only = tuple(storage.find_database_flaws(now=now))
        secrets = find_secret_flaws()
        degraded = (
            *_find_newer_schema(applied),
            *storage.find_folder_flaws(data_dir),
            *clocks.find_flaws(now=now),
            *_find_degraded(is_broker_up=is_broker_up, now=now),
            *_find_stopped_syncs(now=now),
        )
    except DatabaseError:
        connection.close()
        return Readiness(broken=(Flaw(part="database", detail=_("The database does not answer.")),))
    if secrets.is_every_one:
        return Readiness(broken=(*read_only, *secrets.flaws), degraded=degraded)
    return Readiness(broken=read_only, degraded=(*secrets.flaws, *degraded))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFlaws:
    """Secrets that cannot be read, and whether no secret of the enabled integrations can."""

    flaws: tuple[Flaw, ...]
    is_every_one: bool


def find_secret_flaws() -> SecretFlaws:
    """Return the secrets of enabled integrations that this process cannot read.

    A disabled integration does not count: what its secrets refer to may be gone with it.

    Raises: django.db.DatabaseError.
    """
    secrets = Secret.objects.filter(integration__enabled=True).select_related("integration")
    reasons = {secret: registry.find_secret_flaw(secret) for secret in secrets.order_by("integration__slug", "name")}
    sentence = _("Integration %(slug)s: %(name)s cannot be used. %(why)s")
    flaws = (
        sentence % {"slug": secret.integration.slug, "name": secret.name, "why": reason}
        for secret, reason in reasons.items()
        if reason
    )
    return SecretFlaws(
        flaws=tuple(Flaw(part="secret", detail=detail) for detail in flaws),
        is_every_one=bool(reasons) and all(reasons.values()),
    )


def find_flaws_at_start(*, now: datetime) -> tuple[Flaw, ...]:
    """Return the problems that a person should see when the processes start.

    Only those that do not pass by themselves: right after a start every sync is stale and every role silent.

    Raises: django.db.DatabaseError.
    """
    return (*find_secret_flaws().flaws, *_find_stopped_syncs(now=now, among=(SyncStanding.BLOCKED,)))


@cache
def _list_migrations() -> dict[Migration, tuple[Migration, ...]]:
    # The files do not change while the process lives; a migration's `replaces` lets a squashed one count as applied.
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {key: tuple(migration.replaces) for key, migration in loader.disk_migrations.items()}


def count_unapplied() -> int:
    """Return how many migrations of this release the database lacks. Raises: django.db.DatabaseError."""
    return _count_unapplied(set(MigrationRecorder(connection).applied_migrations()))


def _count_unapplied(applied: Collection[Migration]) -> int:
    known = _list_migrations()
    replaced = {old for key, olds in known.items() if key in applied for old in olds}
    return sum(
        key not in applied and key not in replaced and not (olds and set(olds) <= set(applied))
        for key, olds in known.items()
    )


def _find_newer_schema(applied: Collection[Migration]) -> Iterator[Flaw]:
    """Report migrations of the product that this code does not have: a newer release has migrated the database."""
    known = _list_migrations()
    names = set(known) | {old for olds in known.values() for old in olds}
    newer = sorted(name for app, name in applied if app == _APP and (app, name) not in names)
    if newer:
        detail = _(
            "The database is newer than the code (%(name)s). It was migrated by a release that does not run here."
        )
        yield Flaw(part="schema", detail=detail % {"name": newer[-1]})


def _find_degraded(*, is_broker_up: bool, now: datetime) -> Iterator[Flaw]:
    if not is_broker_up:
        yield Flaw(part="broker", detail=_("The broker does not answer. Tokens are issued; the sync waits."))
    if registry.is_stale():
        detail = _("The settings cannot be read. The last known ones are in use, so changes have no effect.")
        yield Flaw(part="configuration", detail=detail)
    yield from find_silent_roles(now=now)
    yield from _find_old_seals()


def count_old_seals(clock: Callable[[], float] = time.monotonic) -> int:
    """Return how many sealed values rest under an older key; at most once in `SEALS_REMEMBERED_S` they are counted.

    To find out opens everything sealed, so it is remembered for longer than the rest.

    Raises: django.db.DatabaseError.
    """
    if clock() - _Seals.asked_at >= SEALS_REMEMBERED_S:
        _Seals.to_move = sealing.standing.count_to_move()
        _Seals.asked_at = clock()
    return _Seals.to_move


def has_old_seals() -> bool:
    """Return whether anything sealed rests under an older key; see `count_old_seals`."""
    return bool(count_old_seals())


def _find_old_seals() -> Iterator[Flaw]:
    if has_old_seals():
        detail = _("Not everything sealed rests under the newest seal key. Run: manage.py seal rewrap")
        yield Flaw(part="seal", detail=detail)


def forget_seals() -> None:
    """Count anew at the next question what rests under older seal keys."""
    _Seals.asked_at = float("-inf")


class _Seals:
    to_move = 0
    asked_at = float("-inf")


def find_silent_roles(*, now: datetime) -> Iterator[Flaw]:
    """Yield a flaw for each process that does not report at `now`, and for a queue that stands still.

    Raises: django.db.DatabaseError.
    """
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    silent = [role for role in ROLES if role not in beats or now - beats[role] > HEARTBEAT_STALE_AFTER]
    for role in silent:
        yield Flaw(part=role, detail=str(_SILENT_ROLES[role]))
    # Rows that a worker of the last release does not write are judged only where they are.
    if now - beats.get(REFRESH, now) > HEARTBEAT_STALE_AFTER:
        yield Flaw(part=REFRESH, detail=str(_SILENT_REFRESH))
    if not silent and now - beats.get(TICK, now) > QUEUE_STALE_AFTER:
        yield Flaw(part="queue", detail=str(_WAITING_QUEUE))


def _find_stopped_syncs(*, now: datetime, among: Collection[SyncStanding] = tuple(_SYNC_FLAWS)) -> Iterator[Flaw]:
    for slug, standing in load_standings(now=now).items():
        if standing in among:
            yield Flaw(part="sync", detail=_SYNC_FLAWS[standing] % {"slug": slug})
