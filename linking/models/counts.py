"""Rows that only count: several processes add to them at once."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet


def add_to_count(rows: QuerySet[Any], *, number: int, new: dict[str, Any]) -> None:
    """Add `number` to the `count` of the one row that `rows` finds, or make it from `new`. Raises: django.db.Error."""
    if rows.update(count=F("count") + number):
        return
    try:
        with transaction.atomic():
            rows.model.objects.create(**new, count=number)
    except IntegrityError:
        # Another process made the row in the same moment.
        rows.update(count=F("count") + number)
