"""Which sessions of a person still count, and when the person was last here."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import OperationalError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from linking.accounts import sign_ins
from linking.accounts.person_audit import record_deed
from linking.models import Presence

# A page a minute would otherwise be a write a minute.
SEEN_EVERY = timedelta(minutes=10)
SIGNED_OUT = "person.signed_out"
_STARTED = "signed_in_at"
_log = logging.getLogger(__name__)


class SessionsThatCount(AuthenticationMiddleware):
    """Django's middleware, which takes a session that was ended elsewhere for nobody's.

    Like Django's it looks at the session only when somebody asks for the user: the token endpoint does not.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Attach the person who makes the request."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _find_person(request))  # type: ignore[assignment]


def end_sessions(*, user: Any, by: Any, now: datetime) -> None:
    """Sign `user` out everywhere: every session that exists at `now` ends with its next request."""
    void_sessions(user=user, now=now)
    record_deed(action=SIGNED_OUT, by=by, about=user, now=now)


def void_sessions(*, user: Any, now: datetime) -> None:
    """Let no session of `user` count that exists at `now`."""
    Presence.objects.update_or_create(user=user, defaults={"signed_out_at": now})


def count_seconds_since_proof(request: HttpRequest, *, now: datetime) -> float:
    """Return the seconds since this session's sign-in or the latest second factor shown in it; infinity for never."""
    records = get_authentication_records(request, request.user)
    moments = [float(record["at"]) for record in records if "at" in record]
    if started_at := request.session.get(_STARTED, ""):
        moments.append(datetime.fromisoformat(started_at).timestamp())
    return now.timestamp() - max(moments) if moments else float("inf")


def connect() -> None:
    """Mark each session with the time of its sign-in, and note where people are signed in."""
    user_logged_in.connect(_start_session, dispatch_uid="linking.accounts.sessions")
    user_logged_out.connect(_end_session, dispatch_uid="linking.accounts.sessions")


def _find_person(request: HttpRequest) -> Any:
    user: Any = get_user(request)
    if not user.is_authenticated:
        return user
    presence: Presence | None = getattr(user, "presence", None)
    if presence is not None and (_has_ended(request, presence) or sign_ins.has_ended(request, presence)):
        request.session.flush()
        return AnonymousUser()
    now = timezone.now()
    _write(lambda: sign_ins.touch(request, now=now, now_s=time.monotonic()))
    if presence is None or presence.last_seen_at is None or now - presence.last_seen_at >= SEEN_EVERY:
        _note_presence(user, now=now)
    return user


def _has_ended(request: HttpRequest, presence: Presence) -> bool:
    if presence.signed_out_at is None:
        return False
    # A session without the mark began before there were marks.
    started_at = request.session.get(_STARTED, "")
    return not started_at or datetime.fromisoformat(started_at) <= presence.signed_out_at


def _start_session(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    now = timezone.now()
    request.session[_STARTED] = now.isoformat()
    _note_presence(user, now=now)
    _write(lambda: sign_ins.begin(request, user, now=now, now_s=time.monotonic()))


def _end_session(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    if user is not None and hasattr(request, "session"):
        _write(lambda: sign_ins.finish(request, now=timezone.now()))


def _note_presence(user: Any, *, now: datetime) -> None:
    _write(lambda: Presence.objects.update_or_create(user_id=user.pk, defaults={"last_seen_at": now}))


def _write(write: Callable[[], Any]) -> None:
    try:
        write()
    except OperationalError as error:
        # A store that can only be read still shows its pages.
        _log.warning("Not stored that a person was here: %s", type(error).__name__)
