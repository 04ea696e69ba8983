"""Lists of conflicts, open or decided: filters, text search, order, and which one comes next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from linking.core.masking import mask_email, mask_id, mask_text
from linking.models import Conflict, ConflictState, LoginUser

NEWEST_FIRST, OLDEST_FIRST = "-first_seen_at", "first_seen_at"
NOBODY = 0
# A search reads this many of the newest conflicts that the other filters leave. What an ID names is always found.
SEARCHED_MAX = 5_000
NAMED_MAX = 200
_JOINED = ("integration", "visitor", "login_user", "other_user", "decided_by", "owner")
_SEARCHED = (
    "pk", "subject", "visitor__visitor_id", "visitor__name", "visitor__email",
    "login_user__user_id", "login_user__name", "login_user__email",
    "other_user__user_id", "other_user__name", "other_user__email",
)  # fmt: skip
# Which of these columns hold an address or an ID that may be one, which free text; the others hide nothing.
_EMAILS, _IDS, _TEXTS = frozenset({4, 7, 10}), frozenset({1, 5, 8}), frozenset({3, 6, 9})


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedText:
    """What a person searches conflicts for: all of `words`, in any order.

    `visitor_keys` are rows that the text names (by an ID, say), `user_ids` and `email` what names a player. A reader
    without `sees_contact` finds e-mail addresses, and IDs made of them, as a whole only.
    """

    words: tuple[str, ...]
    sees_contact: bool
    visitor_keys: tuple[int, ...] = ()
    user_ids: tuple[str, ...] = ()
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilters:
    """Which conflicts to list; the defaults mean any.

    `owner_id` is a person's key or `NOBODY`. `found_since` and `found_before` bound when a conflict was found.
    """

    state: str = ConflictState.OPEN
    kind: str = ""
    integration: str = ""
    owner_id: int | None = None
    is_flagged: bool = False
    found_since: datetime | None = None
    found_before: datetime | None = None
    text: SearchedText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The conflicts found, unordered; `is_partly_searched` where a search did not read all conflicts."""

    rows: QuerySet[Conflict]
    is_partly_searched: bool = False


def find_queue(filters: QueueFilters) -> Queue:
    """Return the conflicts that `filters` ask for, with integration, visitor, users, decider and owner."""
    rows = _filter(filters)
    joined = Conflict.objects.select_related(*_JOINED)
    if filters.text is None:
        return Queue(rows=rows.select_related(*_JOINED))
    keys, is_partly = _search(rows, text=filters.text)
    return Queue(rows=joined.filter(pk__any_of=keys), is_partly_searched=is_partly)


def find_next(*, filters: QueueFilters, ordering: str, after: Conflict) -> Conflict | None:
    """Return the conflict that follows `after` in a list, or else the first of the others.

    `after` need not be in the list any more.
    """
    rows = find_queue(filters).rows.exclude(pk=after.pk)
    sign, compare = ("-", "lt") if ordering.startswith("-") else ("", "gt")
    behind = Q(**{f"first_seen_at__{compare}": after.first_seen_at}) | Q(
        **{"first_seen_at": after.first_seen_at, f"pk__{compare}": after.pk}
    )
    rows = rows.order_by(f"{sign}first_seen_at", f"{sign}pk")
    return rows.filter(behind).first() or rows.first()


def list_keys(filters: QueueFilters, *, ordering: str, limit: int) -> list[int]:
    """Return the keys of the first `limit` conflicts of a list, in its order."""
    sign = "-" if ordering.startswith("-") else ""
    rows = find_queue(filters).rows.order_by(f"{sign}first_seen_at", f"{sign}pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def _filter(filters: QueueFilters) -> QuerySet[Conflict]:
    rows: QuerySet[Conflict] = Conflict.objects.filter(state=filters.state).order_by()
    rows = rows.filter(kind=filters.kind) if filters.kind else rows
    rows = rows.filter(integration__slug=filters.integration) if filters.integration else rows
    rows = rows.filter(flagged_at__isnull=False) if filters.is_flagged else rows
    rows = rows.filter(first_seen_at__gte=filters.found_since) if filters.found_since else rows
    rows = rows.filter(first_seen_at__lt=filters.found_before) if filters.found_before else rows
    if filters.owner_id is None:
        return rows
    return rows.filter(owner__isnull=True) if filters.owner_id == NOBODY else rows.filter(owner=filters.owner_id)


def _search(rows: QuerySet[Conflict], *, text: SearchedText) -> tuple[list[int], bool]:
    """Return the keys of `rows` that hold the text, and whether some rows were not read."""
    newest = list(rows.order_by("-first_seen_at", "-pk").values_list(*_SEARCHED)[: SEARCHED_MAX + 1])
    keys = {row[0] for row in newest[:SEARCHED_MAX] if _holds(row[1:], text=text)}
    keys |= set(_find_named(rows, text=text))
    return sorted(keys), len(newest) > SEARCHED_MAX


def _find_named(rows: QuerySet[Conflict], *, text: SearchedText) -> Iterable[int]:
    condition = Q(visitor__pk__any_of=text.visitor_keys) if text.visitor_keys else Q(pk__in=())
    if text.user_ids or text.email:
        players = LoginUser.objects.carrying(words=[text.email]) if text.email else LoginUser.objects.none()
        players = players | LoginUser.objects.filter(user_id__in=text.user_ids)
        named = list(players.values_list("pk", flat=True)[:NAMED_MAX])
        condition |= Q(login_user__pk__any_of=named) | Q(other_user__pk__any_of=named) if named else Q(pk__in=())
    return rows.filter(condition).order_by("-first_seen_at", "-pk").values_list("pk", flat=True)[:SEARCHED_MAX]


def _holds(values: tuple[str | None, ...], *, text: SearchedText) -> bool:
    # The first column is the subject: a machine word, then what the conflict is about, which may be an address.
    columns = [(value or "").partition("|")[2] if place == 0 else value or "" for place, value in enumerate(values)]
    words = [word.casefold() for word in text.words]
    stored = "\n".join(columns).casefold()
    if text.sees_contact or not all(word in stored for word in words):
        return all(word in stored for word in words)
    readable = "\n".join(_mask(value, place=place) for place, value in enumerate(columns, start=1)).casefold()
    # A reader who sees no addresses finds one only by all of it, so that no answer tells a right guess of a part.
    whole = {value.casefold() for value in columns}
    return all(word in readable or word in whole for word in words)


def _mask(value: str, *, place: int) -> str:
    if place in _EMAILS:
        return mask_email(value)
    if place in _IDS:
        return mask_id(value)
    return mask_text(value) if place in _TEXTS else value
