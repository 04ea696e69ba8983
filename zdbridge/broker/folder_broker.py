"""The folder broker: Celery without a broker server, over `kombu.transport.virtual` (see docs/decisions/0003).

Chosen by `CELERY_BROKER_TRANSPORT = "zdbridge.broker.folder_broker:Transport"` with the transport option `folder`. One
worker only; no fanout, so no remote control and no events: health comes from the heartbeat rows.
"""

import logging
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual

from zdbridge.broker.folder_queue import BrokenMessage, FolderQueue, HeldMessage

logger = logging.getLogger(__name__)


class QoS(virtual.QoS):
    """Ties a message's file to its fate: gone on ack, back in its queue on requeue."""

    channel: "Channel"

    def ack(self, delivery_tag: str) -> None:
        """Delete the held file. Called from any pool thread."""
        self.channel.drop_held(tag=delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give the message back (`requeue`) or delete it."""
        if not requeue:
            self.channel.drop_held(tag=delivery_tag)
        super().reject(delivery_tag, requeue=requeue)


class Channel(virtual.Channel):
    """Queues in a folder. The method names with a leading underscore are kombu's hooks."""

    QoS = QoS
    supports_fanout = False

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self._queues = FolderQueue(folder=Path(connection.client.transport_options["folder"]))
        self._held: dict[str, HeldMessage] = {}
        self._unacknowledged: set[str] = set()

    def drop_held(self, *, tag: str | None) -> None:
        """Forget the message taken under `tag`; a second time does nothing."""
        message = self._held.pop(tag or "", None)
        if message is not None:
            self._queues.drop(message=message)

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, consumer_tag: str | None, **kwargs: Any) -> str:
        """Consume `queue`; without acknowledgements its messages are gone as soon as they are taken."""
        if no_ack:
            self._unacknowledged.add(queue)
        return super().basic_consume(queue, no_ack, callback, consumer_tag, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        """Take one message directly, or None."""
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message is not None and no_ack:
            self.drop_held(tag=message.delivery_tag)
        return message

    def _put(self, queue: str, message: dict[str, Any], **_kwargs: Any) -> None:
        self._queues.put(queue=queue, payload=message)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 (kombu's signature)
        try:
            message = self._queues.take(queue=queue)
        except BrokenMessage as error:
            # One unreadable file must not end the worker: it is kept aside, and told.
            logger.error("%s", error)
            raise Empty from error
        if message is None:
            raise Empty
        # The file name is the tag: the publisher's own would be the same for every queue of one message.
        message.payload["properties"]["delivery_tag"] = message.name
        if queue in self._unacknowledged:
            self._queues.drop(message=message)
        else:
            self._held[message.name] = message
        return message.payload

    def _restore(self, message: Any) -> None:
        held = self._held.pop(message.delivery_tag, None)
        if held is not None:
            self._queues.give_back(message=held)

    def _new_queue(self, queue: str, **_kwargs: Any) -> None:
        self._queues.make(queue=queue)

    def _has_queue(self, queue: str, **_kwargs: Any) -> bool:
        return self._queues.has(queue=queue)

    def _size(self, queue: str) -> int:
        return self._queues.size(queue=queue)

    def _purge(self, queue: str) -> int:
        return self._queues.purge(queue=queue)


class Transport(virtual.Transport):
    """What kombu looks up; bindings live in memory and are declared again by every process."""

    Channel = Channel
    polling_interval = 0.05
    driver_type = "folder"
    driver_name = "folder"
    # One state for all connections of a process, as every publisher declares the same queues.
    global_state = virtual.BrokerState()

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def driver_version(self) -> str:
        """Return what `celery report` shows."""
        return "1"
