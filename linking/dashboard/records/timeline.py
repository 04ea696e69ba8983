"""The timeline of a visitor or a player: a page of events, newest first, by day, all of them or those of one kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.dashboard.records.events import Event, Place, build_chat_event, find_chat_place, parse_place
from linking.dashboard.shell.parts import Text
from linking.dashboard.shell.rows import Reader
from linking.dashboard.shell.times import format_day
from linking.search import Count, history

KIND = "events"
BEFORE = "before"
SECTION = "timeline"
PAGE = 50
# A shorter timeline needs no filter.
CHOICE_FROM = 5
KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "chats": gettext_lazy("Chats"),
        "tokens": gettext_lazy("Tokens"),
        "refusals": gettext_lazy("Refusals"),
        "links": gettext_lazy("Links"),
        "conflicts": gettext_lazy("Conflicts"),
        "record": gettext_lazy("Record in Zendesk"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindChoice:
    """One kind of events to show alone; `count` is how many there are, with a plus where there are more."""

    key: str
    word: Text
    url: str
    count: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The events of one day in the reader's time zone."""

    heading: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of events by day, the kinds to choose from, if there are enough events, and the ways to other pages.

    `older_url` and `newest_url` are "" where the page is the last or the first.
    """

    days: tuple[Day, ...]
    kinds: tuple[KindChoice, ...]
    older_url: str
    newest_url: str


def load_timeline(
    request: HttpRequest,
    *,
    visitor_keys: Collection[int],
    events: Sequence[Event],
    reader: Reader,
    own_url: str,
    now: datetime,
    in_place_of_chats: Sequence[Event] = (),
    with_visitor: bool = False,
) -> Timeline:
    """Return the page of a record's timeline that the address asks for; one query, or two where chats fill a page.

    Args:
        visitor_keys: whose chats are in it; `with_visitor`: each chat names its visitor.
        events: all other events; `in_place_of_chats`: those to show as well where no chat is stored.
        own_url: the address of the record's page, with a query.
    """
    before = parse_place(request.GET.get(BEFORE, ""))
    # One more than a page shows whether there is an older one.
    chats = history.list_chats(visitor_keys=visitor_keys, below=find_chat_place(before), limit=PAGE + 1)
    is_all = before is None and len(chats) <= PAGE
    chat_count = Count(number=len(chats), is_capped=False) if is_all else history.count_chats(visitor_keys=visitor_keys)
    return _build_timeline(
        events=events if chat_count.number else [*events, *in_place_of_chats],
        chats=[build_chat_event(chat, reader=reader, with_visitor=with_visitor) for chat in chats],
        chat_count=chat_count,
        kind=request.GET.get(KIND, ""),
        before=before,
        own_url=own_url,
        now=now,
    )


def _build_timeline(
    *,
    events: Sequence[Event],
    chats: Sequence[Event],
    chat_count: Count,
    kind: str,
    before: Place | None,
    own_url: str,
    now: datetime,
) -> Timeline:
    """Return the page of a timeline below the place `before`, or its first, with the events of one `kind` or of all.

    Args:
        events: all events but the chats that are stored.
        chats: the newest of these below the place, one more than a page where there are as many.
        chat_count: how many are stored in all.

    A kind that no event has shows all events.
    """
    counts = {kind: sum(event.kind == kind for event in events) for kind in KINDS}
    texts = {kind: str(count) for kind, count in counts.items()}
    counts["chats"] += chat_count.number
    texts["chats"] = f"{chat_count.number}+" if chat_count.is_capped else str(counts["chats"])
    chosen = kind if counts.get(kind) else ""
    shown = [event for event in events if chosen in ("", event.kind)] + [*chats] * (chosen in ("", "chats"))
    below = [event for event in shown if before is None or event.place < before]
    page = sorted(below, key=lambda event: event.place, reverse=True)[: PAGE + 1]
    here = {KIND: chosen} if chosen else {}
    older = here | {BEFORE: page[PAGE - 1].place.encode()} if len(page) > PAGE else {}
    return Timeline(
        days=_group_by_day(page[:PAGE], today=localtime(now).date()),
        kinds=_build_kinds(counts, texts=texts, chosen=chosen, own_url=own_url, is_more=chat_count.is_capped),
        older_url=_build_address(own_url, older) if older else "",
        newest_url=_build_address(own_url, here) if before else "",
    )


def _group_by_day(events: Sequence[Event], *, today: date) -> tuple[Day, ...]:
    days = groupby(events, key=lambda event: localtime(event.place.at).date())
    return tuple(Day(heading=_name_day(day, today=today), events=tuple(group)) for day, group in days)


def _name_day(day: date, *, today: date) -> str:
    written = format_day(day)
    if day == today:
        return _("Today, %(day)s") % {"day": written}
    return _("Yesterday, %(day)s") % {"day": written} if day == today - timedelta(days=1) else written


def _build_kinds(
    counts: Mapping[str, int], *, texts: Mapping[str, str], chosen: str, own_url: str, is_more: bool
) -> tuple[KindChoice, ...]:
    present = [kind for kind in KINDS if counts[kind]]
    number = sum(counts.values())
    if number < CHOICE_FROM or len(present) < 2:
        return ()
    whole = KindChoice(
        key="all",
        word=_("All"),
        url=_build_address(own_url, {}),
        count=f"{number}+" if is_more else str(number),
        is_chosen=not chosen,
    )
    return whole, *(
        KindChoice(
            key=kind,
            word=KINDS[kind],
            url=_build_address(own_url, {KIND: kind}),
            count=texts[kind],
            is_chosen=kind == chosen,
        )
        for kind in present
    )


def _build_address(own_url: str, parameters: Mapping[str, str]) -> str:
    # Without the fragment that templates put behind it: a script that fetches this must not scroll.
    return f"{own_url}&{urlencode(parameters)}" if parameters else own_url
