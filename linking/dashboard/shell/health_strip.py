"""The foot of the side bar: every integration with its state and its last passes, read once in ten seconds."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from linking.dashboard.plots.strip import Strip
from linking.dashboard.shell.freshness import describe_freshness, do_many_wait, show_backlog
from linking.dashboard.shell.parts import Notice
from linking.dashboard.shell.times import format_duration
from linking.dashboard.sync.pass_strip import build_pass_strip
from linking.models import Integration
from linking.monitoring import status, waiting
from linking.sync import history

PASSES = 20
SHOWN = 5
REMEMBERED_S = 10.0
# An integration that was never read hides nothing; one that is stale or stopped does.
_WORST_FIRST = ("bad", "warn", "good", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthLine:
    """One integration at the foot of the side bar."""

    name: str
    url: str
    freshness: Notice
    passes: Strip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The integrations that need attention most, and how many more there are; `worst` is the first of them in words.

    Missing secrets do not count here: they would cost each page a query, and the set-up page shows them.
    """

    worst: Notice | None = None
    lines: tuple[HealthLine, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What was read at a moment of a clock that only rises."""

    at_s: float
    passes: Mapping[int, list[history.Pass]] = field(default_factory=dict)
    waiting: Mapping[int, int] = field(default_factory=dict)


class _Remembered:
    read: _Read | None = None


def build_health(integrations: Sequence[Integration], *, now: datetime) -> Health:
    """Return the lines of enabled `integrations` (of `status.list_progress`), the worst first.

    Passes and the numbers of those who wait are remembered for `REMEMBERED_S`, so that most pages ask for neither.
    """
    enabled = [integration for integration in integrations if integration.enabled]
    if not enabled:
        return Health()
    read = _recall(now=now)
    lines = sorted(
        (_build_line(integration, read=read, now=now) for integration in enabled),
        key=lambda line: _WORST_FIRST.index(line.freshness.tone),
    )
    return Health(
        worst=_name(lines[0]) if len(lines) > 1 else lines[0].freshness,
        lines=tuple(lines[:SHOWN]),
        more=max(0, len(lines) - SHOWN),
    )


def forget() -> None:
    """Read anew for the next page."""
    _Remembered.read = None


def remember_nothing() -> None:
    """Count as read just now, with no pass and nobody waiting; for tests of what else a page costs."""
    _Remembered.read = _Read(at_s=float("inf"))


def _recall(*, now: datetime) -> _Read:
    read, at_s = _Remembered.read, time.monotonic()
    if read is None or at_s - read.at_s >= REMEMBERED_S:
        hours = waiting.list_hours(since=now - timedelta(hours=2))
        read = _Remembered.read = _Read(
            at_s=at_s,
            passes=history.list_recent_passes(limit=PASSES),
            waiting={key: list(mine.values())[-1] for key, mine in hours.items()},
        )
    return read


def _build_line(integration: Integration, *, read: _Read, now: datetime) -> HealthLine:
    standing = status.find_standing(integration, now=now)
    notice = describe_freshness(standing=standing, last_success_at=integration.last_success_at)
    if do_many_wait(read.waiting.get(integration.pk, 0), per_minute=integration.requests_per_minute):
        notice = show_backlog(notice)
    return HealthLine(
        name=integration.name,
        url=f"{reverse('sync')}#card-{integration.slug}",
        freshness=notice,
        passes=build_pass_strip(read.passes.get(integration.pk, []), slots=PASSES, duration=format_duration),
    )


def _name(line: HealthLine) -> Notice:
    text = format_html(_("{integration}: {freshness}"), integration=line.name, freshness=line.freshness.text)
    return Notice(text=text, tone=line.freshness.tone, icon=line.freshness.icon)
