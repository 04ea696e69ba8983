"""The first page: visitors, or the users who signed in and were not seen in Chat yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q
from django.db.models.aggregates import Count as CountOf
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
from linking.dashboard.asked import SEEN_DAYS, SIGNED_IN, Asked, read_asked, with_words_as_filters
from linking.dashboard.context import count_words
from linking.dashboard.found import found_rows
from linking.dashboard.parts import VISITOR_STATES, WAITING, Text
from linking.dashboard.rows import Eyes, UserRow, VisitorRow, user_row, user_url, visitor_row, visitor_url
from linking.dashboard.views import view_rows
from linking.finding import COUNT_CAP, UnknownFilter
from linking.models import Integration, Visitor, VisitorState

SHARE_OF = timedelta(days=30)
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

    `empty` is a machine word for why there are no rows, "" when there are; `ways_on` then says where else to look.
    """

    rows: tuple[VisitorRow, ...] | tuple[UserRow, ...]
    is_waiting_list: bool
    showing: str
    next_url: str
    previous_url: str
    self_url: str
    export_url: str
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
        return render(request, "dashboard/_visitor_list.html", {"listing": listing})
    context = {
        "listing": listing,
        "asked": asked,
        "states": _states(asked),
        "chips": _chips(asked, integrations=integrations),
        "integrations": [Choice(word=one.name, url="", value=one.slug) for one in integrations],
        "seen_choices": [Choice(word=_seen_words(days), url="", value=days) for days in SEEN_DAYS],
        "share": share_sentence(now=timezone.now()),
        "views": view_rows(owner_key=request.user.pk or 0, asked=asked, now=timezone.now()),
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
    return Listing(
        rows=rows,
        is_waiting_list=asked.is_waiting_list,
        showing=_showing(shown=len(rows), total=finding.capped_count(found), asked=asked) if rows else "",
        next_url=asked.address(cursor=part.next) if part.next else "",
        previous_url=asked.address(cursor=part.previous) if part.previous else "",
        self_url=reverse("visitors") + asked.address(cursor=asked.cursor),
        export_url=reverse("visitors_export") + asked.address() if rows and roles.can_export(request.user) else "",
        columns=_columns(asked, has_several=len(integrations) > 1),
        has_integrations=len(integrations) > 1,
        empty="" if rows else _why_empty(asked, integrations=integrations),
        ways_on=() if rows else _ways_on(asked),
    )


def share_sentence(*, now: datetime) -> str:
    """Return how many of the recent visitors are linked and of what that is a share; "" when there are none."""
    recent = Visitor.objects.filter(last_seen_at__gte=now - SHARE_OF).order_by("-last_seen_at", "-pk")
    newest = Visitor.objects.filter(pk__in=recent.values("pk")[:COUNT_CAP])
    counted = newest.order_by().aggregate(
        total=CountOf("pk"),
        linked=CountOf("pk", filter=Q(state=VisitorState.LINKED)),
        pending=CountOf("pk", filter=Q(state=VisitorState.PENDING)),
    )
    total, linked, pending = counted["total"], counted["linked"], counted["pending"]
    if not total:
        return ""
    values = {"linked": intcomma(linked), "total": intcomma(total), "share": f"{100 * linked / total:.0f}"}
    template = (
        _("%(linked)s of the newest %(total)s visitors (%(share)s %%) are linked to a Login user.")
        if total == COUNT_CAP
        else ngettext(
            "%(linked)s of the %(total)s visitor seen in the last 30 days (%(share)s %%) is linked to a Login user.",
            "%(linked)s of the %(total)s visitors seen in the last 30 days (%(share)s %%) are linked to a Login user.",
            total,
        )
    )
    sentence = template % values
    if pending:
        waiting = ngettext("%(number)s waits to be looked up.", "%(number)s wait to be looked up.", pending)
        sentence = f"{sentence} {waiting % {'number': intcomma(pending)}}"
    return sentence


def _why_empty(asked: Asked, *, integrations: list[Integration]) -> str:
    if asked.cursor:
        return "past_the_end"
    if not integrations:
        return "first_run"
    if asked.q or asked.seen or asked.integration or asked.state not in ("", SIGNED_IN):
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
    values = {"shown": intcomma(shown), "total": count_words(total)}
    if asked.is_waiting_list:
        return (
            ngettext("Showing %(shown)s of %(total)s user", "Showing %(shown)s of %(total)s users", total.number)
            % values
        )
    return (
        ngettext("Showing %(shown)s of %(total)s visitor", "Showing %(shown)s of %(total)s visitors", total.number)
        % values
    )


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
    return [
        # The order of one list means nothing to the other.
        Choice(word=word, url=asked.address(state=key, ordering=""), is_chosen=asked.state == key, value=key)
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
    if asked.seen:
        chips.append(Choice(word=_seen_words(asked.seen), url=asked.address(seen="")))
    return chips


def _seen_words(days: str) -> str:
    return ngettext("Seen in the last %s day", "Seen in the last %s days", int(days)) % days
