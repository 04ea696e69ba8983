"""How long everything is kept: one list of rules, and the daily chore that goes by it.

A rule finds rows that are old enough, a thousand at most, by an index. What it does to them is one transaction. A pass
ends when its time is up or nothing is left, and the next one goes on. So a process that is killed leaves nothing half
done.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from linking.accounts import person_audit
from linking.models import (
    AuditEvent,
    Conflict,
    Heartbeat,
    Incident,
    Integration,
    LoginUser,
    PlayerNote,
    Quarantined,
    RefusedToken,
    SyncRun,
    Visitor,
    VisitorLink,
)
from linking.models.people.audit import keep_up
from linking.models.visitor import GONE_WITH_CONTACT

BATCH = 1_000
RUNS_KEPT = 1_000  # of each integration, however old
INCIDENTS_DAYS = 365
SIGN_INS = (person_audit.SIGNED_IN, person_audit.SIGN_IN_FAILED)
CHORE, EVERY = "prune", timedelta(days=1)
_DRY_RUN_MOST = 1_000_000

GoOn = Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of row that has an end.

    `setting` names the days in `settings.LINKING`, "" where the rows carry their own end. `find` returns the rows that
    are older than a time; `act` does away with those of some keys, and defaults to deleting them.
    """

    name: Any
    find: Callable[[datetime], QuerySet[Any]]
    setting: str = ""
    days: int | None = None
    act: Callable[[Collection[Any]], None] | None = None

    def find_before(self, *, days: Mapping[str, int | None], now: datetime) -> datetime | None:
        """Return the time before which rows go, None where they are kept for ever."""
        kept = days.get(self.setting) if self.setting else self.days
        return None if kept is None else now - timedelta(days=kept)


def prune(*, days: Mapping[str, int | None], now: datetime, go_on: GoOn = lambda: True) -> tuple[dict[str, int], bool]:
    """Do away with what has been kept for long enough, in batches, while `go_on` says so.

    Return how many rows of each rule that were, and whether nothing is left.
    """
    done: dict[str, int] = {}
    for rule in _list_rules(days):
        before = rule.find_before(days=days, now=now)
        if before is None:
            continue
        number, is_all = _apply(rule, before=before, go_on=go_on)
        if number:
            done[str(rule.name)] = number
        if not is_all:
            return done, False
    return done, True


def count_due(*, days: Mapping[str, int | None], now: datetime) -> dict[str, int]:
    """Return how many rows of each rule `prune` would take, changing nothing."""
    numbers = {}
    for rule in _list_rules(days):
        before = rule.find_before(days=days, now=now)
        if before is not None:
            numbers[str(rule.name)] = rule.find(before).order_by()[:_DRY_RUN_MOST].count()
    return {name: number for name, number in numbers.items() if number}


def prune_daily(*, days: Mapping[str, int | None], now: datetime, go_on: GoOn) -> dict[str, int] | None:
    """Do `prune` unless a whole one was done in the last day; None where it was. One that ran out of time goes on."""
    if Heartbeat.objects.filter(name=CHORE, beat_at__gt=now - EVERY, beat_at__lte=now).exists():
        return None
    done, is_all = prune(days=days, now=now, go_on=go_on)
    if is_all:
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=CHORE, beat_at=now)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["beat_at"],
        )
    return done


def _list_rules(days: Mapping[str, int | None]) -> tuple[Rule, ...]:
    return (*IDS_ONLY_RULES, *RULES) if days.get("IDS_ONLY") else RULES


def _apply(rule: Rule, *, before: datetime, go_on: GoOn) -> tuple[int, bool]:
    number = 0
    while True:
        if not go_on():
            return number, False
        with transaction.atomic():
            rows = rule.find(before)
            keys = list(rows.values_list("pk", flat=True)[:BATCH])
            if keys:
                (rule.act or _delete(rows.model))(keys)
        number += len(keys)
        if len(keys) < BATCH:
            return number, True


def _delete(model: Any) -> Callable[[Collection[Any]], None]:
    return lambda keys: model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001  Django documents it


def _find_gone(before: datetime) -> QuerySet[Visitor]:
    return Visitor.objects.filter(GONE_WITH_CONTACT, gone_at__lt=before).order_by("gone_at")


def _blank(keys: Collection[int]) -> None:
    blank = {"name": "", "email": "", "phone": "", "notes": "", "external_id": ""}
    Visitor.objects.filter(pk__any_of=keys).update(**blank)


def _find_unseen_visitors(before: datetime) -> QuerySet[Visitor]:
    return Visitor.objects.filter(last_seen_at__lt=before).order_by("last_seen_at", "pk")


def _delete_visitors(keys: Collection[int]) -> None:
    """Delete visitors, and players who are known by nothing else."""
    links = VisitorLink.objects.filter(visitor__pk__any_of=keys).order_by()
    players = set(links.values_list("login_user_id", flat=True))
    Visitor.objects.filter(pk__any_of=keys).delete()
    _without_links(LoginUser.objects.filter(pk__any_of=sorted(players), first_authenticated_at=None)).delete()


def _find_unseen_players(before: datetime) -> QuerySet[LoginUser]:
    # By integration, because that is how the index begins; there are few.
    keys = list(Integration.objects.values_list("pk", flat=True))
    old = LoginUser.objects.filter(integration_id__in=keys, last_authenticated_at__lt=before)
    return _without_links(old).order_by("integration_id", "last_authenticated_at", "pk")


def _without_links(players: QuerySet[LoginUser]) -> QuerySet[LoginUser]:
    links = VisitorLink.objects.filter(login_user=OuterRef("pk")).order_by()
    return players.filter(~Exists(links))


def _find_ended_links(before: datetime) -> QuerySet[VisitorLink]:
    return VisitorLink.objects.filter(ended_at__isnull=False, ended_at__lt=before).order_by("ended_at", "pk")


def _find_runs(before: datetime) -> QuerySet[SyncRun]:
    """Return runs that began before, but not the newest of each integration."""
    old = Q(pk__in=[])
    for key in Integration.objects.values_list("pk", flat=True):
        mine = SyncRun.objects.filter(integration_id=key).order_by("-started_at", "-pk")
        oldest_kept = mine.values_list("started_at", flat=True)[RUNS_KEPT - 1 : RUNS_KEPT].first()
        if oldest_kept is not None:
            old |= Q(integration_id=key, started_at__lt=min(before, oldest_kept))
    return SyncRun.objects.filter(old).order_by("integration_id", "started_at", "pk")


def _delete_runs(keys: Collection[int]) -> None:
    """Delete runs; links and conflicts that they are the evidence of lose it, a thousand at a time."""
    for model in (VisitorLink, Conflict):
        rows: QuerySet[Any] = model._default_manager.filter(evidence_run__pk__any_of=keys).order_by()  # noqa: SLF001
        while some := list(rows.values_list("pk", flat=True)[:BATCH]):
            model._default_manager.filter(pk__any_of=some).update(evidence_run=None)  # noqa: SLF001
    SyncRun.objects.filter(pk__any_of=keys).delete()


def _find_deeds(before: datetime) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(at__lt=before).order_by("at", "pk")


def _find_sign_ins(before: datetime) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__in=SIGN_INS, at__lt=before).order_by("at", "pk")


def _delete_deeds(keys: Collection[int]) -> None:
    with keep_up() as deeds:
        deeds.filter(Q(pk__any_of=keys)).delete()


def _find_notes(before: datetime) -> QuerySet[PlayerNote]:
    untouched = Q(edited_at__isnull=True) | Q(edited_at__lt=before)
    return PlayerNote.objects.filter(untouched, written_at__lt=before).order_by("written_at", "pk")


def _find_contacts(_before: datetime) -> QuerySet[Visitor]:
    return Visitor.objects.filter(~Q(name="") | ~Q(email="") | ~Q(phone="") | ~Q(notes="")).order_by("pk")


def _drop_contacts(keys: Collection[int]) -> None:
    Visitor.objects.filter(pk__any_of=keys).update(name="", email="", phone="", notes="")


def _find_named_players(_before: datetime) -> QuerySet[LoginUser]:
    return LoginUser.objects.filter(~Q(name="") | ~Q(email="")).order_by("pk")


def _drop_names(keys: Collection[int]) -> None:
    LoginUser.objects.filter(pk__any_of=keys).update(name="", email="")


def _find_raw(_before: datetime) -> QuerySet[Quarantined]:
    return Quarantined.objects.filter(~Q(raw="")).order_by("pk")


def _drop_raw(keys: Collection[int]) -> None:
    Quarantined.objects.filter(pk__any_of=keys).update(raw="")


# With `ZDBRIDGE_IDS_ONLY`: what was stored before it was switched on. They read the tables whole, once a day.
IDS_ONLY_RULES: tuple[Rule, ...] = (
    Rule(name=_("contacts of visitors"), days=0, find=_find_contacts, act=_drop_contacts),
    Rule(name=_("names of players"), days=0, find=_find_named_players, act=_drop_names),
    Rule(name=_("texts of unreadable records"), days=0, find=_find_raw, act=_drop_raw),
)
RULES: tuple[Rule, ...] = (
    Rule(name=_("gone visitors blanked"), setting="BLANK_GONE_DAYS", find=_find_gone, act=_blank),
    Rule(name=_("visitors not seen"), setting="KEEP_VISITORS_DAYS", find=_find_unseen_visitors, act=_delete_visitors),
    Rule(name=_("players not seen"), setting="KEEP_VISITORS_DAYS", find=_find_unseen_players),
    Rule(name=_("links that ended"), setting="KEEP_LINKS_DAYS", find=_find_ended_links),
    Rule(name=_("notes"), setting="KEEP_NOTES_DAYS", find=_find_notes),
    Rule(
        name=_("refused tokens"),
        setting="KEEP_REFUSALS_DAYS",
        find=lambda before: RefusedToken.objects.filter(at__lt=before).order_by("at"),
    ),
    Rule(
        name=_("unreadable records"),
        setting="KEEP_UNREADABLE_DAYS",
        find=lambda before: Quarantined.objects.filter(last_seen_at__lt=before).order_by("last_seen_at"),
    ),
    Rule(name=_("syncs"), setting="KEEP_RUNS_DAYS", find=_find_runs, act=_delete_runs),
    Rule(name=_("sign-ins"), setting="KEEP_SIGN_INS_DAYS", find=_find_sign_ins, act=_delete_deeds),
    Rule(name=_("audit"), setting="KEEP_AUDIT_DAYS", find=_find_deeds, act=_delete_deeds),
    Rule(
        name=_("log of the admin"),
        setting="KEEP_AUDIT_DAYS",
        find=lambda before: LogEntry.objects.filter(action_time__lt=before).order_by("action_time"),
    ),
    Rule(
        name=_("incidents"),
        days=INCIDENTS_DAYS,
        find=lambda before: Incident.objects.filter(over_at__lt=before).order_by("pk"),
    ),
    Rule(
        name=_("expired sessions"),
        days=0,
        find=lambda before: Session.objects.filter(expire_date__lt=before).order_by("expire_date"),
    ),
)
