"""The first matches while a person types into the search box: what the result page would show first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking.dashboard.shell.access import page
from linking.dashboard.shell.parts import PAGE_OPEN, Badge, IDText
from linking.dashboard.shell.rows import (
    Reader,
    VisitorRow,
    build_user_row,
    build_visitor_rows,
    choose_user_state,
    find_reader,
)
from linking.dashboard.visitors.filters import SIGNED_IN, VisitorFilters
from linking.dashboard.visitors.hints import find_hint
from linking.dashboard.visitors.queries import find_rows
from linking.dashboard.visitors.typed_filters import extract_typed_filters
from linking.models import LoginUser, Visitor
from linking.search import find

SHOWN = 8
# With fewer characters no index can help, and nothing worth choosing is found.
CHARACTERS_AT_LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One matching visitor or player, as this reader may see it; an integration has no `record`."""

    url: str
    name: str
    subtitle: str
    states: tuple[Badge, ...]
    record: IDText | None
    ban: Badge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """At most `SHOWN` matches; `summary` is read out by screen readers, `all_url` leads to the result page."""

    rows: tuple[Match, ...]
    summary: str
    all_url: str
    has_more: bool


@page
@require_safe
def show_matches(request: HttpRequest) -> HttpResponse:
    """Answer the search box with the first matches; without scripts, redirect to the result page."""
    q = request.GET.get("q", "").replace("\x00", "")
    all_url = f"{reverse('visitors')}?{urlencode({'q': q})}"
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(all_url)
    reader = find_reader(request)
    first_matches = find_first_matches(q=q, all_url=all_url, reader=reader, now=timezone.now())
    return render(request, "dashboard/visitors/_matches.html", {"matches": first_matches})


def find_first_matches(*, q: str, all_url: str, reader: Reader, now: datetime) -> Matches | None:
    """Return what `q` finds first, None if it is too short.

    The order is that of the result page: the one record that a pasted text names, else the newest visitors, else the
    players who signed in and have no chat yet.
    """
    filters = extract_typed_filters(VisitorFilters(q=q))
    if len(filters.query.text) < CHARACTERS_AT_LEAST:
        return None
    hit = find.find_exact(filters.query) if filters.is_search_alone else None
    if hit is not None:
        rows, has_more = _suggest_hit(hit, reader=reader, now=now), False
    else:
        records = list(find_rows(filters, sees_contact=reader.sees_contact, now=now)[: SHOWN + 1])
        if not records and not filters.state:
            filters = replace(filters, state=SIGNED_IN)
            all_url = reverse("visitors") + filters.build_address()
            records = list(find_rows(filters, sees_contact=reader.sees_contact, now=now)[: SHOWN + 1])
        rows, has_more = _build_matches(records[:SHOWN], reader=reader, now=now), len(records) > SHOWN
    unknown_id = "" if rows else find.find_unknown_id(filters.query)
    hint = "" if rows or unknown_id else find_hint(filters.query, sees_contact=reader.sees_contact, has_rows=False)
    summary = hint or _describe_count(number=len(rows), has_more=has_more, unknown_id=unknown_id)
    return Matches(rows=rows, summary=summary, all_url=all_url, has_more=has_more)


def _suggest_hit(hit: find.Hit, *, reader: Reader, now: datetime) -> tuple[Match, ...]:
    record: Visitor | LoginUser | None
    if hit.kind == "visitor":
        record = find.find_visitor(visitor_id=hit.id, integration=hit.integration)
    else:
        record = find.find_login_user(user_id=hit.id, integration=hit.integration, with_visitors=False)
    return () if record is None else _build_matches([record], reader=reader, now=now)


def _build_matches(records: Sequence[Visitor | LoginUser], *, reader: Reader, now: datetime) -> tuple[Match, ...]:
    rows = build_visitor_rows([record for record in records if isinstance(record, Visitor)], reader=reader)
    by_key = {row.key: match_visitor(row) for row in rows}
    return tuple(
        by_key[f"v{record.pk}"] if isinstance(record, Visitor) else match_user(record, reader=reader, now=now)
        for record in records
    )


def match_user(user: LoginUser, *, reader: Reader, now: datetime) -> Match:
    """Return a player from `find.find_login_user` or `find.list_waiting_users` as a match."""
    row = build_user_row(user, reader=reader, now=now)
    # For a player with a chat, the visitor matters more than the open page.
    state = PAGE_OPEN if row.is_page_open and not user.is_seen_in_chat else choose_user_state(user)
    return Match(url=row.url, name=row.name, subtitle=row.email, states=(state,), record=row.user)


def match_visitor(row: VisitorRow) -> Match:
    """Return a visitor's row as a match."""
    return Match(
        url=row.url,
        name=row.name,
        subtitle=row.subtitle,
        states=row.states,
        record=row.user or row.visitor,
        ban=row.ban,
    )


def _describe_count(*, number: int, has_more: bool, unknown_id: str = "") -> str:
    if unknown_id:
        return _("Unknown here. Press Enter to ask Zendesk about visitor %s.") % unknown_id
    if not number:
        return _("No results.")
    if has_more:
        return _("The first %d matches. Choose with the arrow keys, or press Enter to show all.") % number
    return (
        ngettext("%d match. Choose it with the arrow keys.", "%d matches. Choose with the arrow keys.", number) % number
    )
