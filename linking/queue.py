"""Puts tasks into the queue. The broker answers within a second or two, or counts as unavailable."""

import json
import time
from dataclasses import dataclass
from typing import Any

from celery import current_app
from celery.signals import before_task_publish
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

TIMEOUT_S = 1
QUEUES = ("celery", "ask", "refresh")
# The header of a message that says when it was sent, in epoch seconds.
SENT_AT = "zdbridge_sent_at"
# One more try, at once, for a connection that the broker had closed.
RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """What waits in one queue; `oldest_age_s` is 0 for an empty one."""

    name: str
    messages: int
    oldest_age_s: float


class BrokerUnavailable(Exception):
    """The broker did not take the task."""


@before_task_publish.connect
def _note_time(headers: dict[str, Any] | None = None, **_details: Any) -> None:
    if headers is not None:
        headers[SENT_AT] = time.time()


def put(*, task: str, **arguments: Any) -> None:
    """Queue the task named `task` with keyword `arguments`.

    Raises: BrokerUnavailable, also when the broker is up but does not answer.
    """
    try:
        with _brief_connection() as broker:
            current_app.send_task(task, kwargs=arguments, connection=broker, retry=True, retry_policy=RETRY_POLICY)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable from error


def is_available() -> bool:
    """Return whether the broker answers now."""
    try:
        with _brief_connection() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=TIMEOUT_S)
            # Virtual transports connect with their first channel.
            broker.default_channel.close()  # type: ignore[attr-defined]
    except (OperationalError, OSError):
        return False
    return True


def measure_queues(*, now_s: float) -> list[QueueStanding]:
    """Return what waits in each queue at `now_s` (epoch seconds), as the broker has it.

    Raises: BrokerUnavailable.
    """
    try:
        with _brief_connection() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=TIMEOUT_S)
            channel: Any = broker.default_channel
            return [_measure(channel, name=name, now_s=now_s) for name in QUEUES]
    except (OperationalError, OSError, RedisError) as error:
        raise BrokerUnavailable from error


def _measure(channel: Any, *, name: str, now_s: float) -> QueueStanding:
    client = getattr(channel, "client", None)
    if client is None:
        number, sent_at_s = channel._size(name), channel.find_oldest_epoch_s(name)  # noqa: SLF001 - kombu's own name
    else:
        # New messages are put to the left and taken from the right. Kombu's client adds the prefix to LLEN alone.
        number, oldest = client.llen(name), client.lindex(f"{channel.global_keyprefix}{name}", -1)
        sent_at_s = _read_sent_at(oldest) if oldest else None
    return QueueStanding(name, int(number), 0.0 if sent_at_s is None else max(0.0, now_s - sent_at_s))


def _read_sent_at(message: bytes | str) -> float | None:
    try:
        return float(json.loads(message)["headers"][SENT_AT])
    except (ValueError, KeyError, TypeError):
        return None  # put in by a release that did not say


def _brief_connection() -> Connection:
    # The workers' own patience (five seconds and more) is too long for a person who waits for a page.
    options = dict(current_app.conf.broker_transport_options or {})
    if str(current_app.conf.broker_url or "").startswith("redis"):
        options |= {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return current_app.connection_for_write(transport_options=options)
