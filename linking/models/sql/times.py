"""The condition of `linking.core.times.is_ahead` for rows."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now


def match_ahead(column: str, *, now: datetime | float | Now, longest: timedelta | float) -> Q:
    """Match rows whose `column` is still to come; not those where it lies farther ahead than the `longest` wait."""
    return Q(**{f"{column}__gt": now, f"{column}__lte": now + longest})  # type: ignore[operator]
