"""The condition by which a page of a list begins behind a row, as one comparison of two columns."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Field, Func, Model, Value
from django.db.models.sql.compiler import SQLCompiler


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
