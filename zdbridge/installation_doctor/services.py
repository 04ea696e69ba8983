"""Facts about what stands behind the settings: database, keys, broker, processes, clock, vendors."""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import integrations, queue, registry, sealing
from linking.models import Heartbeat
from linking.monitoring import clocks, health, storage
from linking.monitoring.metrics import shared_counts
from zdbridge.installation_doctor.facts import Fact

_RESTART = {
    "beat": "manage.py up --only beat",
    "worker": "manage.py up --only worker",
    "refresh": "manage.py up --only worker",
    "queue": "manage.py up --only worker --workers 2",
}


def check_database() -> Iterator[Fact]:
    """Tell whether the database answers, has this release's tables and stores something."""
    try:
        connection.ensure_connection()
        missing = health.count_unapplied()
    except DatabaseError as error:
        connection.close()
        detail = _("The database does not answer (%(error)s).") % {"error": type(error).__name__}
        yield Fact(name="database", is_bad=True, detail=detail, remedy=_("Check DATABASE_URL and the database's log."))
        return
    if missing:
        detail = ngettext("%(number)s migration is not applied.", "%(number)s migrations are not applied.", missing) % {
            "number": missing
        }
        yield Fact(name="database", is_bad=True, detail=detail, remedy="manage.py migrate")
        return
    flaws = list(storage.find_database_flaws(now=timezone.now()))
    for flaw in flaws:
        yield Fact(
            name="database", is_bad=True, detail=flaw.detail, remedy=_("See “The disk is full” in docs/runbook.md.")
        )
    if not flaws:
        yield Fact(name="database", detail=_("%(vendor)s answers and stores.") % {"vendor": connection.display_name})


def check_keys() -> Iterator[Fact]:
    """Tell what rests under which seal key."""
    standing = sealing.standing.load_standing()
    if standing.lost:
        detail = ngettext(
            "%(number)s sealed value cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.",
            "%(number)s sealed values cannot be opened with the keys in ZDBRIDGE_SEAL_KEYS.",
            standing.lost,
        ) % {"number": standing.lost}
        yield Fact(name="keys", is_bad=True, detail=detail, remedy="manage.py seal status")
    elif standing.to_move:
        detail = _("%(number)s sealed values rest under an old key or unsealed.") % {"number": standing.to_move}
        yield Fact(name="keys", is_bad=True, detail=detail, remedy="manage.py seal rewrap")
    else:
        yield Fact(name="keys", detail=_("Everything rests under the newest seal key."))


def check_broker() -> Iterator[Fact]:
    """Tell whether the broker answers and what waits there."""
    try:
        waiting = queue.measure_queues(now_s=timezone.now().timestamp())
    except queue.BrokerUnavailable:
        remedy = (
            _("Check REDIS_URL and Redis.") if settings.REDIS_URL else _("Check the folder queue in the data folder.")
        )
        yield Fact(name="broker", is_bad=True, detail=_("The broker does not answer."), remedy=remedy)
        return
    words = ", ".join(f"{one.name} {one.messages}" for one in waiting)
    yield Fact(name="broker", detail=_("The broker answers. Waiting: %(queues)s.") % {"queues": words})


def check_roles() -> Iterator[Fact]:
    """Tell when scheduler and workers last reported."""
    now = timezone.now()
    flaws = {flaw.part: flaw.detail for flaw in health.find_silent_roles(now=now)}
    beats = dict(Heartbeat.objects.values_list("name", "beat_at"))
    for name in ("beat", "worker", "refresh", "queue"):
        if name in flaws:
            yield Fact(name=name, is_bad=True, detail=flaws[name], remedy=_RESTART[name])
        elif name in beats:
            seconds = max(0, round((now - beats[name]).total_seconds()))
            yield Fact(name=name, detail=_("Reported %(seconds)d seconds ago.") % {"seconds": seconds})


def check_vendors() -> Iterator[Fact]:
    """Call both sides of every enabled integration, as `integration check` does."""
    enabled = [config.slug for config in registry.current().enabled]
    if not enabled:
        detail = _("No integration is enabled, so no token is issued.")
        yield Fact(name="vendors", is_bad=True, detail=detail, remedy="manage.py integration set SLUG --json FILE")
    for slug in enabled:
        checks = integrations.check_integration(
            slug=slug,
            login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
            now=timezone.now(),
        )
        bad = [check for check in checks if not check.is_ok]
        for check in bad:
            remedy = f"manage.py integration check {slug}"
            yield Fact(name="vendors", is_bad=True, detail=f"{slug}: {check.sentence}", remedy=remedy)
        if not bad:
            yield Fact(name="vendors", detail=_("%(slug)s: Login and Zendesk answer as they should.") % {"slug": slug})


def check_clock() -> Iterator[Fact]:
    """Tell whether this machine's clock is right, by the calls that `check_vendors` has made, too."""
    shared_counts.flush()
    flaws = list(clocks.find_flaws(now=timezone.now()))
    for flaw in flaws:
        yield Fact(name="clock", is_bad=True, detail=flaw.detail, remedy="timedatectl set-ntp true")
    if flaws:
        return
    heard = clocks.load_clocks(now=timezone.now())
    if heard:
        words = ", ".join(f"{clock.service} {clock.ahead_s:+.0f} s" for clock in heard)
        yield Fact(name="clock", detail=_("Agrees with other services: %(clocks)s.") % {"clocks": words})
    else:
        yield Fact(name="clock", detail=_("Nothing speaks against it, and no service has been heard lately."))
