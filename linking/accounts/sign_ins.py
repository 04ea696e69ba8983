"""A person's own sign-ins: where they are signed in, and ending one of them.

A session names its sign-in. Which were ended stands beside the person (`Presence.ended_sign_ins`), who is read at each
request anyway, so that looking costs no query more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from linking.accounts.browser_words import name_device, name_network
from linking.accounts.person_audit import record_deed
from linking.models import Presence, SignIn

SIGN_IN_ENDED = "person.sign_in_ended"
KEY = "sign_in"
SHOWN_MAX = 50
# A row outlives its session by this, so that an ended one is not forgotten before its session.
_KEPT_AFTER = timedelta(days=1)
SEEN_EVERY_S = 600.0
# When this process last wrote that a sign-in was used, by its key (monotonic seconds).
_seen_s: dict[int, float] = {}
_SEEN_MAX = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignIn:
    """One row of the list; `browser` and `system` are "" where they are unknown."""

    pk: int
    browser: str
    system: str
    address: str
    started_at: datetime
    last_seen_at: datetime
    is_this_one: bool


def begin(request: HttpRequest, user: Any, *, now: datetime, now_s: float) -> None:
    """Note a new sign-in and name it in the session; rows of sessions that have ended are removed."""
    user.sign_ins.filter(last_seen_at__lt=now - _read_session_age() - _KEPT_AFTER).delete()
    begun = SignIn.objects.create(
        user=user,
        device=name_device(str(request.META.get("HTTP_USER_AGENT", ""))),
        address=name_network(str(request.META.get("REMOTE_ADDR", ""))),
        started_at=now,
        last_seen_at=now,
    )
    request.session[KEY] = begun.pk
    _note_seen(begun.pk, now_s=now_s)


def has_ended(request: HttpRequest, presence: Presence) -> bool:
    """Return whether the sign-in of this session was ended."""
    return bool(presence.ended_sign_ins) and str(request.session.get(KEY, "")) in presence.ended_sign_ins.split()


def touch(request: HttpRequest, *, now: datetime, now_s: float) -> None:
    """Note that a sign-in is in use, at most once in `SEEN_EVERY_S` for each process."""
    key = request.session.get(KEY)
    if key is None or now_s - _seen_s.get(key, -SEEN_EVERY_S) < SEEN_EVERY_S:
        return
    _note_seen(key, now_s=now_s)
    SignIn.objects.filter(pk=key).update(last_seen_at=now)


def list_own(request: HttpRequest, *, now: datetime) -> list[OwnSignIn]:
    """Return the sign-ins of the person who asks that still count, the latest first."""
    user: Any = request.user
    presence = getattr(user, "presence", None)
    found = user.sign_ins.filter(ended_at=None, last_seen_at__gte=now - _read_session_age())
    if presence is not None and presence.signed_out_at is not None:
        found = found.filter(started_at__gt=presence.signed_out_at)
    this_one = request.session.get(KEY)
    return [_build(row, is_this_one=row.pk == this_one) for row in found.order_by("-last_seen_at", "-pk")[:SHOWN_MAX]]


def end(*, user: Any, key: int, now: datetime) -> bool:
    """End one sign-in of `user`; its session ends with its next request. Return whether there was such a one."""
    with transaction.atomic():
        presence, _made = Presence.objects.select_for_update().get_or_create(user=user)
        if not user.sign_ins.filter(pk=key, ended_at=None).update(ended_at=now):
            return False
        lately = user.sign_ins.filter(ended_at__gte=now - _read_session_age() - _KEPT_AFTER)
        presence.ended_sign_ins = " ".join(str(pk) for pk in lately.values_list("pk", flat=True))
        presence.save(update_fields=["ended_sign_ins"])
        record_deed(action=SIGN_IN_ENDED, by=user, about=user, now=now)
    return True


def finish(request: HttpRequest, *, now: datetime) -> None:
    """Note that somebody signed out here."""
    SignIn.objects.filter(pk=request.session.get(KEY, 0), ended_at=None).update(ended_at=now)


def forget() -> None:
    """Forget what this process has seen."""
    _seen_s.clear()


def _build(row: SignIn, *, is_this_one: bool) -> OwnSignIn:
    browser, _bar, system = row.device.partition("|")
    return OwnSignIn(
        pk=row.pk,
        browser=browser,
        system=system,
        address=row.address,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        is_this_one=is_this_one,
    )


def _note_seen(key: int, *, now_s: float) -> None:
    if len(_seen_s) >= _SEEN_MAX:
        _seen_s.clear()
    _seen_s[key] = now_s


def _read_session_age() -> timedelta:
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)
