"""The condition `column__any_of=values`: what `__in` says, with all the values as one parameter.

`__in` binds each value by itself: with a thousand of them, taking the statement apart costs more than running it.
"""

import json
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Lookup
from django.db.models.sql.compiler import SQLCompiler


@Field.register_lookup
class AnyOf(Lookup):
    """Rows whose column has one of some texts or whole numbers, which are passed on as they are; none for none."""

    lookup_name = "any_of"

    def get_prep_lookup(self) -> list[str | int]:
        """Return the values, to be read as often as the query is."""
        return list(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its parameters."""
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*parameters, self.rhs)
        return f"{column} IN (SELECT value FROM json_each(%s))", (*parameters, json.dumps(self.rhs))  # noqa: S608  our own column
