"""What each person chose for the pages: the language, the time zone, rows on a page."""

from typing import Any

from linking.models import Preference


def keep_language(*, user: Any, code: str) -> None:
    """Store the language that `user` chose; "" for the one the browser asks for."""
    Preference.objects.update_or_create(user=user, defaults={"language": code})


def keep_list_rows(*, user: Any, number: int) -> None:
    """Store how many rows `user` wants on a page of the list."""
    Preference.objects.update_or_create(user=user, defaults={"list_rows": number})


def keep_time_zone(*, user: Any, name: str) -> None:
    """Store the time zone that `user` chose."""
    Preference.objects.update_or_create(user=user, defaults={"time_zone": name})
