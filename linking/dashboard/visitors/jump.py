"""What Ctrl+K finds besides the page's own actions: players, visitors and integrations, those opened lately first.

The browser remembers the numbers of the rows that it opened, and nothing about them; it sends these along.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.shell.access import setup_page
from linking.dashboard.shell.numbers import parse_key
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.rows import Reader, VisitorRow, build_visitor_rows, find_reader
from linking.dashboard.visitors.filters import OF_VISITORS_ALONE, SIGNED_IN, VisitorFilters
from linking.dashboard.visitors.queries import find_rows
from linking.dashboard.visitors.suggestions import CHARACTERS_AT_LEAST, Match, match_user, match_visitor
from linking.dashboard.visitors.typed_filters import extract_typed_filters
from linking.models import LoginUser, Visitor
from linking.monitoring import status
from linking.search import find, narrow

SHOWN_EACH = 5
RECENT_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpGroup:
    """Some matches of one kind under their title; `key` is a machine word for it."""

    key: str
    title: Text
    rows: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentRows:
    """What this browser opened lately: keys of visitors, keys of players, and all of them as `v12`, the last first."""

    visitors: tuple[int, ...]
    players: tuple[int, ...]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Records in the order of the list; visitors as `find.list_visitors` has them."""

    visitors: Sequence[Visitor]
    players: Sequence[LoginUser]


@setup_page
@require_safe
def show_jump_matches(request: HttpRequest) -> HttpResponse:
    """Answer the menu of Ctrl+K with what `q` finds, or without a text with what was opened lately (`recent`)."""
    q, now = request.GET.get("q", "").replace("\x00", "").strip(), timezone.now()
    groups = [build_integration_group(q)]
    if roles.can_see_pages(request.user):
        recent = parse_recent(request.GET.get("recent", ""))
        groups = [*find_record_groups(q=q, recent=recent, reader=find_reader(request), now=now), *groups]
    groups = [group for group in groups if group.rows]
    number = sum(len(group.rows) for group in groups)
    summary = ngettext("%d match", "%d matches", number) % number if q else ""
    return render(request, "dashboard/visitors/_jump.html", {"groups": groups, "summary": summary})


def parse_recent(text: str) -> RecentRows:
    """Return the rows that `text` names as `v12.u7`, the last opened one first; anything else in it is dropped."""
    order = tuple(part for part in text.split(".")[:RECENT_MAX] if part[:1] in ("v", "u") and parse_key(part[1:]) > 0)
    return RecentRows(
        visitors=tuple(parse_key(part[1:]) for part in order if part[0] == "v"),
        players=tuple(parse_key(part[1:]) for part in order if part[0] == "u"),
        order=order,
    )


def find_record_groups(*, q: str, recent: RecentRows, reader: Reader, now: datetime) -> list[JumpGroup]:
    """Return the players and the visitors that `q` finds, as this reader may see them."""
    filters = extract_typed_filters(VisitorFilters(q=q))
    if not q:
        found = _find_recent(recent, reader=reader)
    elif len(filters.query.text) < CHARACTERS_AT_LEAST and filters.is_search_alone:
        return []
    else:
        found = _find_matching(filters, recent=recent, reader=reader, now=now)
    rows = build_visitor_rows(found.visitors, reader=reader)
    players = {f"u{user.pk}": match_user(user, reader=reader, now=now) for user in found.players}
    if q:
        players |= _match_linked_players(found.visitors, rows, reader=reader)
    visitors = {row.key: replace(match_visitor(row), record=row.visitor) for row in rows}
    return [
        JumpGroup(key="players", title=_("Players"), rows=_choose(players, order=recent.order)),
        JumpGroup(key="visitors", title=_("Visitors"), rows=_choose(visitors, order=recent.order)),
    ]


def build_integration_group(q: str) -> JumpGroup:
    """Return the integrations whose name or slug contains every word of `q`, none without one."""
    words = q.lower().split()
    rows = (
        Match(
            url=reverse("setup_integration", args=[one.slug]), name=one.name, subtitle=one.slug, states=(), record=None
        )
        for one in (status.list_integrations() if words else ())
        if all(word in f"{one.name} {one.slug}".lower() for word in words)
    )
    return JumpGroup(key="integrations", title=_("Integrations"), rows=tuple(rows)[:SHOWN_EACH])


def _find_recent(recent: RecentRows, *, reader: Reader) -> _Found:
    visitors = narrow.keep_keys(find.list_visitors(sees_contact=reader.sees_contact), keys=recent.visitors)
    return _Found(visitors=list(visitors), players=find.list_login_users(keys=recent.players))


def _find_matching(filters: VisitorFilters, *, recent: RecentRows, reader: Reader, now: datetime) -> _Found:
    hit = find.find_exact(filters.query) if filters.is_search_alone else None
    if hit is not None and hit.kind == "visitor":
        visitor = find.find_visitor(visitor_id=hit.id, integration=hit.integration)
        return _Found(visitors=[visitor] if visitor else [], players=[])
    if hit is not None:
        user = find.find_login_user(user_id=hit.id, integration=hit.integration, with_visitors=False)
        return _Found(visitors=[], players=[user] if user else [])
    rows = find_rows(filters, sees_contact=reader.sees_contact, now=now)
    visitors = list(rows[: 2 * SHOWN_EACH])
    if recent.order:
        # What was opened lately counts even where many newer ones match.
        lately = rows.filter(Q(pk__in=recent.visitors) | Q(pk__in=narrow.list_visitor_keys_of(recent.players)))
        visitors = list({visitor.pk: visitor for visitor in (*lately[: 2 * SHOWN_EACH], *visitors)}.values())
    return _Found(visitors=visitors, players=_find_waiting(filters, reader=reader, now=now))


def _find_waiting(filters: VisitorFilters, *, reader: Reader, now: datetime) -> list[LoginUser]:
    """Return players without a visitor, who have no link to be found by."""
    if filters.state or any(getattr(filters, name) for name in OF_VISITORS_ALONE):
        return []
    waiting = replace(filters, state=SIGNED_IN)
    return list(find_rows(waiting, sees_contact=reader.sees_contact, now=now)[:SHOWN_EACH])


def _match_linked_players(
    visitors: Sequence[Visitor], rows: Sequence[VisitorRow], *, reader: Reader
) -> dict[str, Match]:
    """Return the players of these visitors; one for a person whom several integrations of a Login project know."""
    people: dict[tuple[str, str], tuple[str, Match]] = {}
    for visitor, row in zip(visitors, rows, strict=True):
        for link in visitor.open_links:  # type: ignore[attr-defined]
            person = (visitor.integration.login_project_id, link.login_user.user_id)
            match = _match_linked_player(link.login_user, row, reader=reader)
            people.setdefault(person, (f"u{link.login_user_id}", match))
    return dict(people.values())


def _match_linked_player(user: LoginUser, row: VisitorRow, *, reader: Reader) -> Match:
    name, email = reader.mask_words(user.name), reader.mask_email(user.email)
    # Without a name at Login, the one in Zendesk says who it is.
    return Match(url=row.user_url, name=name or row.name, subtitle=email, states=row.states, record=row.user)


def _choose(matches: dict[str, Match], *, order: Iterable[str]) -> tuple[Match, ...]:
    recent = [matches[key] for key in order if key in matches]
    others = [match for match in matches.values() if match not in recent]
    return tuple(recent + others)[:SHOWN_EACH]
