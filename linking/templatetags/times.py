"""Whether a time is better told by how long ago it was."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone

RELATIVE_FOR = timedelta(days=30)
register = template.Library()


@register.filter
def is_near(at: datetime) -> bool:
    """Return whether `at` is within thirty days of now, before or after."""
    return abs(timezone.now() - at) < RELATIVE_FOR
