"""Notices of new conflicts: a digest by mail and webhook, at most one an hour or a day, off by default.

`watch` reads rows and writes rows, like `alarms`: every notice to be sent is a row, so a restart loses none, and a
conditional update lets one of two schedulers make it. Texts hold numbers by kind and integration, and nobody's data.

What is new is told by when it was found. Conflicts count once they are five minutes old: then the transactions that
stored them have ended, and one sync that finds thirty makes one notice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.models import (
    CONFLICT_KIND_CHOICES,
    AlarmChannel,
    AlarmSettings,
    Conflict,
    ConflictDigest,
    ConflictFlag,
    ConflictNotice,
    ConflictState,
    NoticeFrequency,
)
from linking.monitoring import alarms

SETTLED_AFTER = timedelta(minutes=5)
COUNTED_MAX = 1_000
KEPT_FOR = timedelta(days=30)
_PAUSES: Mapping[str, timedelta] = {NoticeFrequency.HOUR: timedelta(hours=1), NoticeFrequency.DAY: timedelta(days=1)}


def watch(*, now: datetime) -> None:
    """Make the notices that are due at `now`; three queries while nothing is due."""
    settings = AlarmSettings.objects.first() or AlarmSettings()
    channels = list_channels(settings=settings)
    digest = ConflictDigest.objects.first()
    if not channels:
        if digest is not None:
            digest.delete()  # whoever switches notices on again is told of what comes then
        return
    if digest is None:
        ConflictDigest.objects.bulk_create([ConflictDigest(pk=1, upto_at=now, due_at=now)], ignore_conflicts=True)
        return
    upto_at = now - SETTLED_AFTER
    if digest.due_at > now or upto_at <= digest.upto_at:
        return
    counts = _count_new(since=digest.upto_at, upto=upto_at)
    if counts["new"] or counts["flagged"]:
        _make(channels, counts=counts, digest=digest, upto_at=upto_at, pause=_PAUSES[settings.conflicts_every], now=now)


def list_channels(*, settings: AlarmSettings) -> list[AlarmChannel]:
    """Return the channels by which notices are sent, none while they are off."""
    if settings.conflicts_every not in _PAUSES:
        return []
    chosen = {
        AlarmChannel.MAIL: bool(settings.conflict_addresses),
        AlarmChannel.WEBHOOK: settings.conflicts_by_webhook and bool(settings.webhook_sealed),
    }
    return [channel for channel, is_chosen in chosen.items() if is_chosen]


def list_due(*, now: datetime) -> list[int]:
    """Return the primary keys of the notices to be sent now, oldest first."""
    return list(ConflictNotice.objects.filter(next_try_at__lte=now).order_by("pk").values_list("pk", flat=True))


def send(*, notice_id: int, allow_loopback: bool, now: datetime) -> None:
    """Send one notice, unless another worker does. A failure is tried again later, as often as an alarm."""
    rows = ConflictNotice.objects.filter(pk=notice_id)
    row = rows.first()
    if row is None or row.next_try_at is None or row.next_try_at > now:
        return
    later = alarms.compute_next_try(attempts=row.attempts, now=now)
    if not rows.filter(next_try_at=row.next_try_at).update(next_try_at=later, attempts=F("attempts") + 1):
        return
    settings = AlarmSettings.objects.first() or AlarmSettings()
    channel = AlarmChannel(row.channel)
    if channel not in list_channels(settings=settings):
        rows.update(next_try_at=None, failure=_("Notices were switched off before this one was sent."))
        return
    try:
        _dispatch(settings, channel=channel, text=_build_text(row, settings=settings), allow_loopback=allow_loopback)
    except alarms.AlarmNotSent as error:
        rows.update(failure=str(error)[:200])
    else:
        rows.update(sent_at=now, next_try_at=None, failure="")


def send_test(*, settings: AlarmSettings, channel: AlarmChannel, allow_loopback: bool) -> None:
    """Send a test by one channel, at once and once.

    Raises: alarms.AlarmNotSent with the reason.
    """
    sentence = _("This is a test notice from zdbridge about new conflicts. Nothing is new.")
    facts = {"text": sentence, "event": "test", "state": "test", "kind": "conflicts", "integration": ""}
    text = alarms.AlarmText(subject=_("zdbridge: test notice"), sentence=sentence, facts=facts)
    _dispatch(settings, channel=channel, text=text, allow_loopback=allow_loopback)


def _dispatch(settings: AlarmSettings, *, channel: AlarmChannel, text: alarms.AlarmText, allow_loopback: bool) -> None:
    alarms.dispatch(
        settings, channel=channel, text=text, allow_loopback=allow_loopback, mail_to=settings.conflict_addresses
    )


@transaction.atomic
def _make(
    channels: Sequence[AlarmChannel],
    *,
    counts: dict[str, Any],
    digest: ConflictDigest,
    upto_at: datetime,
    pause: timedelta,
    now: datetime,
) -> None:
    mine = ConflictDigest.objects.filter(pk=digest.pk, upto_at=digest.upto_at)
    if not mine.update(upto_at=upto_at, due_at=now + pause):
        return  # another scheduler makes it
    ConflictNotice.objects.bulk_create(
        [ConflictNotice(channel=channel, counts=counts, made_at=now, next_try_at=now) for channel in channels]
    )
    ConflictNotice.objects.filter(next_try_at__isnull=True, made_at__lt=now - KEPT_FOR).delete()


def _count_new(*, since: datetime, upto: datetime) -> dict[str, Any]:
    """Return the numbers of a notice, in JSON; whatever is counted stops at `COUNTED_MAX`."""
    is_open = Conflict.objects.filter(state=ConflictState.OPEN).order_by()
    new = is_open.filter(first_seen_at__gt=since, first_seen_at__lte=upto)
    kinds = Counter(new.values_list("integration__slug", "integration__name", "kind")[:COUNTED_MAX])
    flagged = ConflictFlag.objects.filter(at__gt=since, at__lte=upto, conflict__state=ConflictState.OPEN).order_by()
    return {
        "new": sum(kinds.values()),
        "flagged": flagged.values("conflict").distinct()[:COUNTED_MAX].count(),
        "open": is_open.values("pk")[:COUNTED_MAX].count(),
        "kinds": [
            {"integration": slug, "name": name, "kind": kind, "number": number}
            for (slug, name, kind), number in sorted(kinds.items())
        ],
    }


def _build_text(row: ConflictNotice, *, settings: AlarmSettings) -> alarms.AlarmText:
    counts = row.counts
    new, flagged = int(counts["new"]), int(counts["flagged"])
    subject = (
        ngettext("zdbridge: %s new conflict", "zdbridge: %s new conflicts", new) % _cap(new)
        if new
        else ngettext("zdbridge: %s flagged conflict", "zdbridge: %s flagged conflicts", flagged) % _cap(flagged)
    )
    lines = _list_lines(counts, url=_build_url(settings))
    facts = {
        "text": " ".join(line for line in lines if line),
        "event": "new_conflicts",
        "new": new,
        "flagged": flagged,
        "open": counts["open"],
        "kinds": [{name: one[name] for name in ("integration", "kind", "number")} for one in counts["kinds"]],
    }
    return alarms.AlarmText(subject=subject, sentence="\n".join(lines), facts=facts)


def _list_lines(counts: dict[str, Any], *, url: str) -> list[str]:
    new, flagged, open_number = (int(counts[name]) for name in ("new", "flagged", "open"))
    words = dict(CONFLICT_KIND_CHOICES)
    lines = []
    if new:
        sentence = ngettext("%s new conflict waits for a decision.", "%s new conflicts wait for a decision.", new)
        lines.append(sentence % _cap(new))
    lines += [
        _("%(name)s, %(kind)s: %(number)s")
        % {"name": one["name"], "kind": words.get(one["kind"], one["kind"]), "number": one["number"]}
        for one in counts["kinds"]
    ]
    if flagged:
        sentence = ngettext("%s conflict was flagged for a lead.", "%s conflicts were flagged for a lead.", flagged)
        lines.append(sentence % _cap(flagged))
    sentence = ngettext("%s conflict is open in all.", "%s conflicts are open in all.", open_number)
    lines.append(sentence % _cap(open_number))
    lines += ["", url or _("Open the conflicts page of zdbridge.")]
    return lines


def _cap(number: int) -> str:
    return f"{number:,}+" if number >= COUNTED_MAX else str(number)


def _build_url(settings: AlarmSettings) -> str:
    return f"{settings.dashboard_url}{reverse('conflicts')}" if settings.dashboard_url else ""
