"""Pages of a list: how many rows one holds, and how it begins behind the row before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Field, Func, Model, QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler

from linking.search.keyset import Keyset, decode_keyset, encode_keyset

PAGE_SIZE = 50
_KINDS: dict[str, type[datetime] | type[str]] = {
    "last_seen_at": datetime, "first_seen_at": datetime, "last_authenticated_at": datetime, "name": str,
}  # fmt: skip
Row = TypeVar("Row", bound=Model)


class Behind(Func):
    """`(column, key) < (value, key of the row)`: an exact bound of the index, so that ties cost nothing to skip.

    The same as `column <= value AND (column < value OR key < …)`, of which an index knows only the first half.
    """

    output_field = BooleanField()

    def __init__(self, *, model: type[Model], field: str, value: object, key: int, is_falling: bool) -> None:
        column: Field[Any, Any] = model._meta.get_field(field)  # type: ignore[assignment]  # noqa: SLF001
        super().__init__(field, "pk", Value(value, output_field=column), Value(key))
        self.sign = "<" if is_falling else ">"

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, _connection: BaseDatabaseWrapper, **_extra: Any
    ) -> tuple[str, list[Any]]:
        """Return the condition and its parameters."""
        parts: list[str] = []
        parameters: list[Any] = []
        for expression in self.get_source_expressions():
            sql, given = compiler.compile(expression)
            parts.append(sql)
            parameters += given
        column, key, value, key_value = parts
        return f"({column}, {key}) {self.sign} ({value}, {key_value})", parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list; `next` and `previous` are cursors, "" where there is no such page."""

    rows: list[Any]
    next: str
    previous: str


def load_page(rows: QuerySet[Row], *, ordering: str, cursor: str = "", size: int = PAGE_SIZE) -> Page:
    """Return a page of `rows` by keyset: as fast on page 1000 as on page 1, and unmoved by rows that arrive meanwhile.

    `ordering` is one that `list_visitors` takes, or `-last_authenticated_at` for `list_waiting_users`.

    Raises: BadKeyset.
    """
    field = ordering.removeprefix("-")
    start = decode_keyset(cursor, ordering=ordering, kind=_KINDS[field]) if cursor else None
    is_backward = start is not None and start.is_backward
    is_falling = ordering.startswith("-") != is_backward
    sign = "-" if is_falling else ""
    if start is not None:
        behind = Behind(model=rows.model, field=field, value=start.value, key=start.key, is_falling=is_falling)
        rows = rows.filter(behind)
    page = list(rows.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    has_more = len(page) > size
    page = page[:size][::-1] if is_backward else page[:size]
    has_next, has_previous = (True, has_more) if is_backward else (has_more, start is not None)
    return Page(
        rows=page,
        next=_cursor_at(page[-1:], ordering=ordering, is_backward=False) if has_next else "",
        previous=_cursor_at(page[:1], ordering=ordering, is_backward=True) if has_previous else "",
    )


def _cursor_at(rows: Sequence[Model], *, ordering: str, is_backward: bool) -> str:
    if not rows:
        return ""
    value = getattr(rows[0], ordering.removeprefix("-"))
    return encode_keyset(Keyset(ordering=ordering, value=value, key=rows[0].pk, is_backward=is_backward))
