"""Puts tasks into the queue. The broker answers within a second or two, or counts as unavailable."""

from typing import Any

from celery import current_app
from kombu import Connection
from kombu.exceptions import OperationalError

TIMEOUT_S = 1
# One more try, at once, for a connection that the broker had closed.
RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}


class BrokerUnavailable(Exception):
    """The broker did not take the task."""


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


def _brief_connection() -> Connection:
    # The workers' own patience (five seconds and more) is too long for a person who waits for a page.
    options = dict(current_app.conf.broker_transport_options or {})
    if str(current_app.conf.broker_url or "").startswith("redis"):
        options |= {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    return current_app.connection_for_write(transport_options=options)
