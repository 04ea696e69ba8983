"""The first page: visitors, or the users who signed in and were not seen in Chat yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking import finding, roles
from linking.core.cursor import BadCursor
from linking.dashboard.access import page
from linking.dashboard.asked import (
    LINKED_TODAY,
    NO_EMAIL,
    SEEN_DAYS,
    SIGNED_IN,
    TO_CHECK,
    Asked,
    read_asked,
    with_words_as_filters,
)
from linking.dashboard.context import count_words
from linking.dashboard.found import found_rows
from linking.dashboard.parts import VISITOR_STATES, WAITING, Text
from linking.dashboard.ready_views import ready_views
from linking.dashboard.recent import recent_visitors, share_sentence
from linking.dashboard.rechecking import RECHECK_MAX
from linking.dashboard.rows import Eyes, UserRow, VisitorRow, user_row, user_url, visitor_row, visitor_url
from linking.dashboard.views import view_rows
from linking.finding import PAGE_SIZE, UnknownFilter
from linking.models import Integration

WAYS_COUNT_CAP = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose: its words, where choosing it leads, whether it is chosen."""

    word: Text
    url: str
    is_chosen: bool = False
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading; `sort` is `ascending`, `descending` or "" as `aria-sort` has it, `url` sorts by it ("" cannot)."""

    word: Text
    url: str = ""
    sort: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the list's template shows.

    `recheck` says how many can be read again from Zendesk at once, "" for whoever may not or where there are none;
    `empty` is a machine word for why there are no rows, "" when there are; `ways_on` then says where else to look.
    """

    rows: tuple[VisitorRow, ...] | tuple[UserRow, ...]
    is_waiting_list: bool
    showing: str
    next_url: str
    previous_url: str
    self_url: str
    export_url: str
    recheck: str
    columns: tuple[Column, ...]
    has_integrations: bool
    empty: str = ""
    ways_on: tuple[Choice, ...] = ()


@page
@require_safe
def visitors(request: HttpRequest) -> HttpResponse:
    """Show the list that the address asks for, or the one record that a pasted text names."""
    try:
        asked = read_asked(request.GET)
        if (worded := with_words_as_filters(asked)) != asked:
            return redirect(reverse("visitors") + worded.address())
        if asked.is_search_alone and (hit := finding.direct_hit(asked.q)):
            address = visitor_url if hit.kind == "visitor" else user_url
            return redirect(address(**{f"{hit.kind}_id": hit.id, "integration": hit.integration}))
        integrations = list(Integration.objects.all())
        listing = make_listing(asked=asked, request=request, integrations=integrations, now=timezone.now())
    except (UnknownFilter, BadCursor) as error:
        return render(request, "dashboard/bad_filter.html", {"sentence": str(error)}, status=400)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "dashboard/_visitor_list.html", {"listing": listing, "query": asked.address()})
    now = timezone.now()
    recent = recent_visitors(now=now)
    context = {
        "listing": listing,
        "asked": asked,
        "states": _states(asked),
        "chips": _chips(asked, integrations=integrations),
        "integrations": [Choice(word=one.name, url="", value=one.slug) for one in integrations],
        "seen_choices": [Choice(word=_seen_words(days), url="", value=days) for days in SEEN_DAYS],
        "share": share_sentence(recent),
        "ready_views": ready_views(asked=asked, recent=recent, now=now) if recent.total else [],
        "views": view_rows(owner_key=request.user.pk or 0, asked=asked, now=now),
        "query": asked.address(),
    }
    return render(request, "dashboard/visitors.html", context)


def make_listing(*, asked: Asked, request: HttpRequest, integrations: list[Integration], now: datetime) -> Listing:
    """Return the rows that `asked` asks for, as the person of `request` may see them.

    Raises: UnknownFilter, BadCursor.
    """
    eyes = Eyes(sees_contact=roles.can_see_contact(request.user))
    found = found_rows(asked, now=now)
    part = finding.page(found, ordering=asked.order, cursor=asked.cursor)
    to_row: Any = user_row if asked.is_waiting_list else visitor_row
    rows = tuple(to_row(one, eyes=eyes) for one in part.rows)
    total = finding.capped_count(found) if rows else finding.Count(number=0, is_capped=False)
    may_recheck = roles.can_decide(request.user) and not asked.is_waiting_list
    return Listing(
        rows=rows,
        is_waiting_list=asked.is_waiting_list,
        showing=_showing(shown=len(rows), total=total, asked=asked) if rows else "",
        next_url=asked.address(cursor=part.next, first=_place(asked, step=len(rows))) if part.next else "",
        previous_url=asked.address(cursor=part.previous, first=_place(asked, step=-PAGE_SIZE)) if part.previous else "",
        self_url=reverse("visitors") + asked.address(cursor=asked.cursor, first=asked.first),
        export_url=reverse("visitors_export") + asked.address() if rows and roles.can_export(request.user) else "",
        recheck=_recheck_words(total) if rows and may_recheck else "",
        columns=_columns(asked, has_several=len(integrations) > 1),
        has_integrations=len(integrations) > 1,
        empty="" if rows else _why_empty(asked, integrations=integrations),
        ways_on=() if rows else _ways_on(asked),
    )


def _why_empty(asked: Asked, *, integrations: list[Integration]) -> str:
    if asked.cursor:
        return "past_the_end"
    if not integrations:
        return "first_run"
    if asked.q or asked.seen or asked.only or asked.integration or asked.state not in ("", SIGNED_IN):
        return "no_match"
    if asked.is_waiting_list:
        return "nobody_waits"
    return "nothing_yet" if any(one.enabled and one.sync_enabled for one in integrations) else "sync_off"


def _ways_on(asked: Asked) -> tuple[Choice, ...]:
    if not asked.q:
        return ()
    ways = []
    alone = Asked(q=asked.q)
    if asked.is_filtered_beside_search:
        ways.append(Choice(word=_("Search without the other filters"), url=alone.address()))
    waiting = (
        0
        if asked.is_waiting_list
        else finding.capped_count(finding.waiting_users(q=asked.q), cap=WAYS_COUNT_CAP).number
    )
    if waiting:
        word = ngettext(
            "%d user who signed in and is not in Chat yet", "%d users who signed in and are not in Chat yet", waiting
        )
        ways.append(Choice(word=word % waiting, url=Asked(q=asked.q, state=SIGNED_IN).address()))
    return tuple(ways)


def _showing(*, shown: int, total: finding.Count, asked: Asked) -> str:
    first = _first(asked)
    # Rows that came or went meanwhile may have moved the page past what was counted.
    is_placed = first and shown > 1 and (total.is_capped or first + shown - 1 <= total.number)
    rows = f"{intcomma(first)}–{intcomma(first + shown - 1)}" if is_placed else intcomma(shown)
    values = {"shown": rows, "total": count_words(total)}
    if asked.is_waiting_list:
        return (
            ngettext("Showing %(shown)s of %(total)s user", "Showing %(shown)s of %(total)s users", total.number)
            % values
        )
    return (
        ngettext("Showing %(shown)s of %(total)s visitor", "Showing %(shown)s of %(total)s visitors", total.number)
        % values
    )


def _recheck_words(total: finding.Count) -> str:
    if total.number > RECHECK_MAX:
        return _("Read the first %s again") % intcomma(RECHECK_MAX)
    return ngettext("Read %s visitor again", "Read %s visitors again", total.number) % intcomma(total.number)


def _first(asked: Asked) -> int:
    """Return the place of the page's first row; 0 for one that is not known."""
    return int(asked.first or 0) if asked.cursor else 1


def _place(asked: Asked, *, step: int) -> str:
    first = _first(asked)
    return str(max(first + step, 1)) if first else ""


def _columns(asked: Asked, *, has_several: bool) -> tuple[Column, ...]:
    several = (Column(word=_("Integration")),) if has_several else ()
    if asked.is_waiting_list:
        plain = (Column(word=_("User")), Column(word=_("Login user ID")), Column(word=_("Tokens")))
        return (*plain, *several, Column(word=_("Last signed in"), sort="descending"))
    return (
        _sortable(asked, field="name", word=_("Visitor"), first="name"),
        Column(word=_("State")),
        Column(word=_("Login user ID")),
        Column(word=_("Visitor ID")),
        *several,
        _sortable(asked, field="last_seen_at", word=_("Last seen"), first="-last_seen_at"),
    )


def _sortable(asked: Asked, *, field: str, word: str, first: str) -> Column:
    is_sorted = asked.order.removeprefix("-") == field
    if not is_sorted:
        return Column(word=word, url=asked.address(ordering=first))
    is_falling = asked.order.startswith("-")
    return Column(
        word=word,
        url=asked.address(ordering=field if is_falling else f"-{field}"),
        sort="descending" if is_falling else "ascending",
    )


def _states(asked: Asked) -> list[Choice]:
    words = [("", _("All")), *((key, state.word) for key, state in VISITOR_STATES.items()), (SIGNED_IN, WAITING.word)]
    # The order of one list, and what narrows visitors, mean nothing to the other.
    any_order, of_users = {"ordering": ""}, {"ordering": "", "only": ""}
    return [
        Choice(
            word=word,
            url=asked.address(state=key, **(of_users if key == SIGNED_IN else any_order)),
            is_chosen=asked.state == key,
            value=key,
        )
        for key, word in words
    ]


def _chips(asked: Asked, *, integrations: list[Integration]) -> list[Choice]:
    names = {one.slug: one.name for one in integrations}
    chips = []
    if asked.q:
        chips.append(Choice(word=_("Search: %s") % asked.q[:60], url=asked.address(q="")))
    if asked.integration:
        name = names.get(asked.integration, asked.integration)
        chips.append(Choice(word=_("Integration: %s") % name, url=asked.address(integration="")))
    if asked.only:
        chips.append(Choice(word=_only_words()[asked.only], url=asked.address(only="")))
    if asked.seen:
        chips.append(Choice(word=_seen_words(asked.seen), url=asked.address(seen="")))
    return chips


def _only_words() -> dict[str, str]:
    return {
        LINKED_TODAY: _("Linked in the last 24 hours"),
        TO_CHECK: _("With an open conflict"),
        NO_EMAIL: _("Without an e-mail address"),
    }


def _seen_words(days: str) -> str:
    return ngettext("Seen in the last %s day", "Seen in the last %s days", int(days)) % days
