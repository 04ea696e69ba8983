"""Asks Login for the address of a user whose token has none: the only call a token request can wait for, and briefly.

Off unless an integration asks for it. A call ends after `DEADLINE_S`; what was learnt, also that there is nothing, is
remembered for a while; and after a failure Login is left alone, so that a slow Login costs one request and not all.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from linking.clients.xsolla_login import LoginClient, LoginError, LoginRefused
from linking.core.times import is_ahead
from linking.tokens.login_jwt import usable_email

DEADLINE_S = 1.0
FOUND_KEPT_S = 600.0
NONE_KEPT_S = 60.0
PAUSE_AFTER_ERROR_S = 10.0
MAX_KEPT = 10_000

logger = logging.getLogger(__name__)
OpenClient = Callable[[], LoginClient]


@dataclass(frozen=True, slots=True)
class _Address:
    email: str
    until_epoch_s: float


class _State:
    open_client: OpenClient | None = None
    kept: dict[tuple[int, str], _Address] = {}
    paused_until_epoch_s = 0.0
    lock = threading.Lock()


def use(open_client: OpenClient) -> None:
    """Say how Login is reached; the client's own deadline should be `DEADLINE_S`."""
    _State.open_client = open_client


def forget() -> None:
    """Drop what was learnt and how Login is reached."""
    with _State.lock:
        _State.kept, _State.paused_until_epoch_s, _State.open_client = {}, 0.0, None


def email_of(*, integration_id: int, user_id: str, login_jwt: str, now: float) -> str:
    """Return the user's address as Login has it, "" where there is none, it is unusable, or Login does not answer.

    `login_jwt` is the verified token of `user_id`; `now` is in epoch seconds.
    """
    key = (integration_id, user_id)
    kept = _State.kept.get(key)
    if kept is not None and is_ahead(kept.until_epoch_s, now=now, longest=FOUND_KEPT_S):
        return kept.email
    if _State.open_client is None or is_ahead(_State.paused_until_epoch_s, now=now, longest=PAUSE_AFTER_ERROR_S):
        return ""
    try:
        email = _ask(_State.open_client, user_id=user_id, login_jwt=login_jwt)
    except LoginRefused as error:
        if error.reason != "token":
            return _pause(error, now=now)
        email = ""
    except LoginError as error:
        return _pause(error, now=now)
    _keep(key, _Address(email, now + (FOUND_KEPT_S if email else NONE_KEPT_S)))
    return email


def _ask(open_client: OpenClient, *, user_id: str, login_jwt: str) -> str:
    client = open_client()
    try:
        found_id, email = client.own_email(login_jwt=login_jwt)
    finally:
        client.close()
    # An address counts only for the very user whose token we verified.
    return usable_email(email)[0] if found_id == user_id else ""


def _keep(key: tuple[int, str], kept: _Address) -> None:
    with _State.lock:
        if len(_State.kept) >= MAX_KEPT:
            _State.kept = {}
        _State.kept[key] = kept


def _pause(error: LoginError, *, now: float) -> str:
    logger.warning("A missing address could not be looked up: %s", error)
    _State.paused_until_epoch_s = now + PAUSE_AFTER_ERROR_S
    return ""
