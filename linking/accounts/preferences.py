"""What each person chose for the pages: the time zone."""

from typing import Any

from linking.models import Preference


def keep_time_zone(*, user: Any, name: str) -> None:
    """Store the time zone that `user` chose."""
    Preference.objects.update_or_create(user=user, defaults={"time_zone": name})
