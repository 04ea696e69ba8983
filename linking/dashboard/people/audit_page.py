"""The audit as a page: who did what, newest first, with filters by person, kind and day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.safestring import SafeString
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking.accounts import audit
from linking.dashboard.people.deeds import KIND_WORDS, DeedKind, describe_deed, describe_fields, list_actions
from linking.dashboard.shell.access import page, require_admin
from linking.dashboard.shell.numbers import parse_key
from linking.models import AuditEvent, LoginUser
from linking.search import find

PAGE_SIZE = 50
NAME_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilters:
    """The filters as the address gives them; "" means any, `before` 0 the newest page."""

    person: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None
    before: int = 0

    def build_address(self, **changes: Any) -> str:
        """Return the query string with `changes`, from the first page unless `before` is one of them."""
        parameters = {"person": self.person, "kind": self.kind, "from": self.since, "to": self.until} | changes
        return "?" + urlencode({name: value for name, value in parameters.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedRow:
    """One deed as the page shows it."""

    at: datetime
    sentence: SafeString
    touched: str


class BadAuditFilter(Exception):
    """The address asks for something unknown; the sentence says what."""


@page
@require_safe
def show_audit(request: HttpRequest) -> HttpResponse:
    """Show the newest deeds that fit the filters."""
    require_admin(request)
    parameters = request.GET.dict()
    if "" in parameters.values():
        # A form without scripts also sends its empty fields; shared addresses should not have them.
        filled = urlencode({name: value for name, value in parameters.items() if value})
        return redirect(reverse("audit") + (f"?{filled}" if filled else ""))
    try:
        filters = parse_filters(request.GET)
    except BadAuditFilter as error:
        return render(request, "dashboard/shell/bad_filter.html", {"sentence": str(error)}, status=400)
    events = _find_events(filters)
    shown = events[:PAGE_SIZE]
    context = {
        "rows": _build_rows(shown),
        "older": filters.build_address(before=shown[-1].pk) if len(events) > PAGE_SIZE else "",
        "newest": filters.build_address() if filters.before else "",
        "filters": filters,
        "kinds": KIND_WORDS.items(),
        "is_filtered": bool(filters.build_address() != "?"),
    }
    return render(request, "dashboard/people/audit.html", context)


def parse_filters(query: QueryDict) -> AuditFilters:
    """Return the filters of an address.

    Raises: BadAuditFilter.
    """
    kind = query.get("kind", "")
    if kind and kind not in {*DeedKind}:
        words = ", ".join(DeedKind)
        raise BadAuditFilter(_("%(name)s must be one of: %(values)s.") % {"name": "kind", "values": words})
    return AuditFilters(
        person=query.get("person", "").strip()[:NAME_MAX],
        kind=kind,
        since=_parse_day(query, "from"),
        until=_parse_day(query, "to"),
        before=max(0, parse_key(query.get("before", ""))),
    )


def _parse_day(query: QueryDict, name: str) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    # The last day of the calendar has no next one.
    if day is None or day.year >= date.max.year or day.year < 1970:
        raise BadAuditFilter(_("%(name)s must be a day, such as 2026-11-30.") % {"name": name})
    return day


def _find_events(filters: AuditFilters) -> Sequence[AuditEvent]:
    deeds = audit.list_deeds(
        person=filters.person,
        actions=list_actions(DeedKind(filters.kind)) if filters.kind else (),
        since=_begin(filters.since) if filters.since else None,
        until=_begin(filters.until + timedelta(days=1)) if filters.until else None,
        before_pk=filters.before,
    )
    return list(deeds[: PAGE_SIZE + 1])


def _begin(day: date) -> datetime:
    """Return the beginning of a day in the reader's time zone."""
    return make_aware(datetime.combine(day, time.min))


def _build_rows(events: Sequence[AuditEvent]) -> list[DeedRow]:
    """Return the rows; a player is stored as "slug ~key", so that the audit itself names nobody."""
    stand_ins = {event.pk: event.target.rpartition(" ")[2] for event in events if event.target}
    players = find.find_by_stand_ins(set(stand_ins.values()))
    return [_build_row(event, player=players.get(stand_ins.get(event.pk, ""))) for event in events]


def _build_row(event: AuditEvent, *, player: LoginUser | None) -> DeedRow:
    # A new integration has all its settings, which says nothing.
    touched = "" if event.action == "integration.created" else describe_fields(event.fields)
    return DeedRow(at=event.at, sentence=describe_deed(event, player=_point_to(player)), touched=touched)


def _point_to(player: LoginUser | None) -> tuple[str, str]:
    """Return address and name of a player, ("", "") for none."""
    if player is None:
        return ("", "")
    query = urlencode({"integration": player.integration.slug})
    address = reverse("user", args=[find.make_stand_in(player)])
    return (f"{address}?{query}", player.name or player.email or player.user_id)
