"""The link rate: how many of the visitors who were looked up are linked, and why the others are not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.visitors.filters import VisitorFilters
from linking.models import Integration
from linking.search import recent

# The rate of each integration costs three more counts over the same rows.
APART_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOfOne:
    """One integration's share, in words."""

    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRate:
    """The texts above the list: the rate, of which visitors, why others are not linked, and each integration's rate."""

    words: str
    scope: str
    reasons: tuple[str, ...]
    of_each: tuple[RateOfOne, ...]


def choose_apart(integrations: Sequence[Integration]) -> list[int]:
    """Return the keys of the integrations that are counted by themselves."""
    return [integration.pk for integration in integrations] if 1 < len(integrations) <= APART_MAX else []


def find_link_rate(
    *, filters: VisitorFilters, counts: recent.Recent, integrations: Sequence[Integration], now: datetime
) -> LinkRate | None:
    """Return the link rate of the visitors in the list, None where another filter than integration and time is active.

    `counts` are the visitors of every integration in the last 30 days.
    """
    if not {"integration", "seen"}.issuperset(filters.names):
        return None
    days = filters.seen or recent.RECENT_DAYS
    if filters.integration or days != recent.RECENT_DAYS:
        key = next((integration.pk for integration in integrations if integration.slug == filters.integration), None)
        apart = [] if filters.integration else choose_apart(integrations)
        counts = recent.count_recent(now=now, days=days, integration=key, apart=apart)
    return make_link_rate(counts, days=days, integrations=integrations) if counts.total else None


def make_link_rate(counts: recent.Recent, *, days: str, integrations: Sequence[Integration]) -> LinkRate:
    """Return the rate of `counts`, which are of the last `days`, in words."""
    parts = [
        (integration.name, counts.parts[integration.pk])
        for integration in integrations
        if integration.pk in counts.parts
    ]
    parts = [(name, part) for name, part in parts if part.total]
    return LinkRate(
        words=count_linked(total=counts.total, linked=counts.linked, pending=counts.pending),
        scope=_describe_scope(counts, days=days),
        reasons=_list_reasons(counts),
        of_each=tuple(
            RateOfOne(name=name, words=count_linked(total=part.total, linked=part.linked, pending=part.pending))
            for name, part in parts
            if len(parts) > 1
        ),
    )


def count_linked(*, total: int, linked: int, pending: int) -> str:
    """Return how many of the visitors that were looked up are linked, and how many wait for lookup."""
    read = total - pending
    values = {
        "linked": intcomma(linked),
        "read": intcomma(read),
        "share": compute_share(linked, of=read),
        "pending": intcomma(pending),
    }
    if not read:
        return _("Linked: none yet, %(pending)s waiting for lookup.") % values
    if not pending:
        return _("Linked: %(linked)s of %(read)s looked up (%(share)s %%).") % values
    return _("Linked: %(linked)s of %(read)s looked up (%(share)s %%), %(pending)s waiting for lookup.") % values


def compute_share(number: int, *, of: int) -> int:
    """Return `number` in per cent of `of`, 0 of nothing."""
    # Only all are 100 %, and only none are 0 %.
    nearest = round(100 * number / of) if of else 0
    if 0 < number < of:
        return min(max(nearest, 1), 99)
    return nearest


def _describe_scope(counts: recent.Recent, *, days: str) -> str:
    if counts.is_capped:
        return _("Among the newest %s visitors.") % intcomma(counts.total)
    return ngettext(
        "Among the visitors seen in the last %s day.", "Among the visitors seen in the last %s days.", int(days)
    ) % int(days)


def _list_reasons(counts: recent.Recent) -> tuple[str, ...]:
    without_id = counts.anonymous - counts.junk - counts.parted
    counts_by_reason = (
        (without_id, _("%s anonymous: not signed in while chatting")),
        (counts.junk, _("%s with an invalid user ID from the website")),
        (counts.gone, _("%s deleted in Zendesk")),
        (counts.parted, _("%s unlinked by support")),
    )
    reasons = sorted((reason for reason in counts_by_reason if reason[0] > 0), key=lambda reason: -reason[0])
    return tuple(words % intcomma(number) for number, words in reasons)
