"""What is newer than a list that somebody looks at: asked for every few seconds, answered by nothing while nothing is.

A list is never swapped under a hand: the page is told how many rows would stand before its first one, and which of its
rows say something else by now, and shows that as a button.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linking.accounts import roles
from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import count_words
from linking.dashboard.shell.rows import ContactVisibility, UserRow, VisitorRow, user_row, visitor_rows
from linking.dashboard.visitors.filters import WAITING_ORDERING, VisitorFilters, parse_filters
from linking.dashboard.visitors.queries import find_rows
from linking.models import LoginUser, Visitor
from linking.search import (
    BadKeyset,
    Count,
    Keyset,
    UnknownFilter,
    decode_keyset,
    encode_keyset,
    find,
    narrow,
    shown_rows,
)

NEW_CAP = 50
# Where the newest stand first. In any other order, and on a later page, nothing can be newer than the first row.
NEWEST_FIRST = ("-last_seen_at", "-first_seen_at", WAITING_ORDERING)
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_UNTOLD = {"key", "url", "user_url"}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a list does not show yet: `new` rows before its first one, and the keys of rows that `changed`."""

    new: Count
    changed: tuple[str, ...]
    mark: str

    @property
    def words(self) -> str:
        """What the button says; "" when there is nothing to show."""
        new, changed = self.new.number, len(self.changed)
        values = {"new": count_words(self.new), "changed": changed}
        if new and changed:
            return _("%(new)s new, %(changed)s changed · show") % values
        if new:
            return ngettext("%(new)s new · show", "%(new)s new · show", new) % values
        return ngettext("%(changed)s changed · show", "%(changed)s changed · show", changed) % values if changed else ""


@page
@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Answer 204 while nothing differs from what the page was told last (`told`), else what does.

    `since` is the place of the list's first row, `rows` what its rows say; both come with the page, as `news_url`.
    """
    query = request.GET
    try:
        asked = parse_filters(query)
        shown = shown_rows.decode_shown(query.get("rows", ""), rows_max=find.PAGE_SIZE)
        found = find_news(
            asked=asked,
            since=query.get("since", ""),
            shown=shown,
            eyes=ContactVisibility(sees_contact=roles.can_see_contact(request.user)),
            now=timezone.now(),
        )
    except (UnknownFilter, BadKeyset, shown_rows.BadShown) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if found.mark == query.get("told", ""):
        return HttpResponse(status=204)
    return JsonResponse({"told": found.mark, "words": found.words, "changed": found.changed})


def news_url(*, asked: VisitorFilters, found: Sequence[Any], rows: Sequence[VisitorRow | UserRow]) -> str:
    """Return where a page asks what is newer than `rows`, made of the visitors or users `found`."""
    parts = {"rows": shown_rows.encode_shown(_marks(found, rows=rows))}
    if can_be_newer(asked):
        field = asked.order.removeprefix("-")
        value, key = (getattr(found[0], field), found[0].pk) if found else (_BEFORE_ALL, 0)
        parts["since"] = encode_keyset(Keyset(ordering=asked.order, value=value, key=key, is_backward=True))
    return f"{reverse('news')}{asked.address()}&{urlencode(parts)}".replace("?&", "?")


def can_be_newer(asked: VisitorFilters) -> bool:
    """Whether something that arrives would stand before the first row of what is asked for."""
    return asked.order in NEWEST_FIRST and not asked.cursor


def find_news(
    *, asked: VisitorFilters, since: str, shown: Mapping[int, int], eyes: ContactVisibility, now: datetime
) -> News:
    """Return what differs from a list whose rows have these marks by key.

    Costs a walk along the index from the list's first row, and the shown rows by their keys: four queries at most.

    Raises: UnknownFilter, BadKeyset.
    """
    new = Count(number=0, is_capped=False)
    if since:
        new = _count_new(asked, since=since, shown=shown, sees_contact=eyes.sees_contact, now=now)
    marks = _find_marks(asked, keys=shown, eyes=eyes, now=now)
    changed = {key: marks.get(key, -1) for key, mark in shown.items() if marks.get(key) != mark}
    letter = "u" if asked.is_waiting_list else "v"
    is_any = new.number or changed
    told = blake2s(repr((new.number, new.is_capped, changed)).encode(), digest_size=4).hexdigest() if is_any else ""
    return News(new=new, changed=tuple(f"{letter}{key}" for key in changed), mark=told)


def _count_new(
    asked: VisitorFilters, *, since: str, shown: Mapping[int, int], sees_contact: bool, now: datetime
) -> Count:
    start = decode_keyset(since, ordering=asked.order, kind=datetime)
    if not start.is_backward or asked.order not in NEWEST_FIRST:
        raise BadKeyset("The cursor is damaged.")
    found = find_rows(asked, sees_contact=sees_contact, now=now)
    found = narrow.drop_details(found, ordering=asked.order, since=start.value)  # type: ignore[arg-type]
    # A shown row that moved up is told as changed; so many more are read as there may be of those.
    part = find.load_page(found, ordering=asked.order, cursor=since, size=NEW_CAP + len(shown))
    number = sum(row.pk not in shown for row in part.rows)
    return Count(number=min(number, NEW_CAP), is_capped=number > NEW_CAP or bool(part.previous))


def _find_marks(
    asked: VisitorFilters, *, keys: Mapping[int, int], eyes: ContactVisibility, now: datetime
) -> dict[int, int]:
    if not keys:
        return {}
    if asked.is_waiting_list:
        users = narrow.list_users(keys=keys)
        return _marks(users, rows=[user_row(one, eyes=eyes, now=now) for one in users])
    found = list(narrow.keep_keys(find.list_visitors(sees_contact=eyes.sees_contact), keys=keys))
    return _marks(found, rows=visitor_rows(found, eyes=eyes))


def _marks(found: Sequence[Visitor | LoginUser], *, rows: Sequence[VisitorRow | UserRow]) -> dict[int, int]:
    """Return by key the mark of what each row of a list says.

    A visitor's row says something else when anything in it does, the time of the last chat included. A user's row does
    when the user was seen in Chat, and so leaves the list; that an open page renews its token every few minutes is no
    news.
    """
    return {
        one.pk: shown_rows.mark_of(
            (str(one.is_seen_in_chat), row.name, row.email)
            if isinstance(one, LoginUser)
            else (str(getattr(row, field.name)) for field in fields(VisitorRow) if field.name not in _UNTOLD)
        )
        for one, row in zip(found, rows, strict=True)
    }
