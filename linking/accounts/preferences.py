"""What each person chose for the pages: the language and the time zone."""

from typing import Any

from linking.models import Preference


def keep_language(*, user: Any, code: str) -> None:
    """Store the language that `user` chose; "" for the one the browser asks for."""
    Preference.objects.update_or_create(user=user, defaults={"language": code})


def keep_time_zone(*, user: Any, name: str) -> None:
    """Store the time zone that `user` chose."""
    Preference.objects.update_or_create(user=user, defaults={"time_zone": name})
