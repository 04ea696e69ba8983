"""What is newer than the list on a page, which polls for it; the answer is empty while nothing is.

A list is never swapped while a person reads it. The page shows a button that says how many rows are new and how many
have changed.
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

from linking.dashboard.shell.access import page
from linking.dashboard.shell.context import format_count
from linking.dashboard.shell.rows import Reader, UserRow, VisitorRow, build_user_row, build_visitor_rows, find_reader
from linking.dashboard.visitors import page_size
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
    pages,
    shown_rows,
)

NEW_CAP = 50
# Where the newest stand first. In any other order, and on a later page, nothing can be newer than the first row.
NEWEST_FIRST = ("-last_seen_at", "-first_seen_at", WAITING_ORDERING)
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
# No news: the keys, labels that people put here, and chats, which the time of the last one tells already.
_UNTOLD = {"key", "url", "user_url", "labels", "chats", "last_chat_at"}


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
        values = {"new": format_count(self.new), "changed": changed}
        if new and changed:
            return _("%(new)s new, %(changed)s changed · show") % values
        if new:
            return ngettext("%(new)s new · show", "%(new)s new · show", new) % values
        return ngettext("%(changed)s changed · show", "%(changed)s changed · show", changed) % values if changed else ""


@page
@require_safe
def check_news(request: HttpRequest) -> HttpResponse:
    """Answer 204 while nothing is newer than the answer that the page has (`mark`), else with what is.

    `since` is the place of the list's first row, `rows` what its rows say; both come with the page, as `news_url`.
    """
    query = request.GET
    try:
        filters = parse_filters(query)
        marks_by_key = shown_rows.decode_shown(query.get("rows", ""), rows_max=page_size.SIZES[-1])
        changes = find_news(
            filters=filters,
            since=query.get("since", ""),
            marks_by_key=marks_by_key,
            reader=find_reader(request),
            now=timezone.now(),
        )
    except (UnknownFilter, BadKeyset, shown_rows.BadShown) as error:
        return JsonResponse({"detail": str(error)}, status=400)
    if changes.mark == query.get("mark", ""):
        return HttpResponse(status=204)
    return JsonResponse({"mark": changes.mark, "words": changes.words, "changed": changes.changed})


def build_news_url(*, filters: VisitorFilters, records: Sequence[Any], rows: Sequence[VisitorRow | UserRow]) -> str:
    """Return where a page asks what is newer than `rows`, made of the visitors or users `found`."""
    parts = {"rows": shown_rows.encode_shown(_compute_marks(records, rows=rows))}
    if can_be_newer(filters):
        field = filters.order.removeprefix("-")
        value, key = (getattr(records[0], field), records[0].pk) if records else (_BEFORE_ALL, 0)
        parts["since"] = encode_keyset(Keyset(ordering=filters.order, value=value, key=key, is_backward=True))
    return f"{reverse('news')}{filters.build_address()}&{urlencode(parts)}".replace("?&", "?")


def can_be_newer(filters: VisitorFilters) -> bool:
    """Whether new rows would stand before the first row of the list."""
    return filters.order in NEWEST_FIRST and not filters.cursor


def find_news(
    *, filters: VisitorFilters, since: str, marks_by_key: Mapping[int, int], reader: Reader, now: datetime
) -> News:
    """Return what differs from a list whose rows have these marks by key.

    Costs a walk along the index from the list's first row, and the shown rows by their keys: four queries at most.

    Raises: UnknownFilter, BadKeyset.
    """
    new = Count(number=0, is_capped=False)
    if since:
        new = _count_new(filters, since=since, marks_by_key=marks_by_key, sees_contact=reader.sees_contact, now=now)
    marks = _find_marks(filters, keys=marks_by_key, reader=reader, now=now)
    changed = {key: marks.get(key, -1) for key, mark in marks_by_key.items() if marks.get(key) != mark}
    return compare(new=new, changed=changed, letter="u" if filters.is_waiting_list else "v")


def compare(*, new: Count, changed: Mapping[int, int], letter: str) -> News:
    """Return what a list does not show yet: `new` rows, and those whose mark is another by now, by their keys."""
    is_any = new.number or changed
    mark = blake2s(repr((new.number, new.is_capped, dict(changed))).encode(), digest_size=4).hexdigest()
    return News(new=new, changed=tuple(f"{letter}{key}" for key in changed), mark=mark if is_any else "")


def _count_new(
    filters: VisitorFilters, *, since: str, marks_by_key: Mapping[int, int], sees_contact: bool, now: datetime
) -> Count:
    start = decode_keyset(since, ordering=filters.order, kind=datetime)
    if not start.is_backward or filters.order not in NEWEST_FIRST:
        raise BadKeyset("The cursor is damaged.")
    records = find_rows(filters, sees_contact=sees_contact, now=now)
    records = narrow.drop_details(records, ordering=filters.order, since=start.value)  # type: ignore[arg-type]
    # A shown row that moved up counts as changed, so as many more rows are read.
    part = pages.load_page(records, ordering=filters.order, cursor=since, size=NEW_CAP + len(marks_by_key))
    number = sum(row.pk not in marks_by_key for row in part.rows)
    return Count(number=min(number, NEW_CAP), is_capped=number > NEW_CAP or bool(part.previous))


def _find_marks(filters: VisitorFilters, *, keys: Mapping[int, int], reader: Reader, now: datetime) -> dict[int, int]:
    if not keys:
        return {}
    if filters.is_waiting_list:
        users = narrow.list_users(keys=keys)
        return _compute_marks(users, rows=[build_user_row(user, reader=reader, now=now) for user in users])
    visitors = list(narrow.keep_keys(find.list_visitors(sees_contact=reader.sees_contact), keys=keys))
    return _compute_marks(visitors, rows=build_visitor_rows(visitors, reader=reader))


def _compute_marks(records: Sequence[Visitor | LoginUser], *, rows: Sequence[VisitorRow | UserRow]) -> dict[int, int]:
    """Return by key the mark of what each row of a list says.

    A visitor's row says something else when anything in it does, the time of the last chat included. A user's row does
    when the user was seen in Chat, and so leaves the list; that an open page renews its token every few minutes is no
    news.
    """
    return {
        record.pk: shown_rows.mark_of(
            (str(record.is_seen_in_chat), row.name, row.email)
            if isinstance(record, LoginUser)
            else (str(getattr(row, field.name)) for field in fields(VisitorRow) if field.name not in _UNTOLD)
        )
        for record, row in zip(records, rows, strict=True)
    }
