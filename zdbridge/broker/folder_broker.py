"""Celery without a broker server: a kombu transport whose messages are files (see docs/decisions/0003).

`CELERY_BROKER_TRANSPORT = "zdbridge.broker.folder_broker:FolderTransport"` selects it; the transport option `folder` is
where. A queue has one worker only. Without fanout there is neither remote control nor events: health reads heartbeats.
"""

import logging
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual

from zdbridge.broker.folder_queue import BrokenMessage, FolderQueue, TakenMessage

logger = logging.getLogger(__name__)


class FolderQoS(virtual.QoS):
    """Deletes the file of an acknowledged message, and puts a requeued one back into its queue."""

    channel: "FolderChannel"

    def ack(self, delivery_tag: str) -> None:
        """Delete the message's file. Any thread of the pool may call this."""
        self.channel.delete_message(tag=delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put the message back (`requeue`) or delete it."""
        if not requeue:
            self.channel.delete_message(tag=delivery_tag)
        super().reject(delivery_tag, requeue=requeue)


class FolderChannel(virtual.Channel):
    """Queues in a folder. kombu calls the methods whose names begin with an underscore."""

    QoS = FolderQoS
    supports_fanout = False

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self._queues = FolderQueue(folder=Path(connection.client.transport_options["folder"]))
        self._messages: dict[str, TakenMessage] = {}
        self._queues_without_ack: set[str] = set()

    def delete_message(self, *, tag: str | None) -> None:
        """Delete the message taken under `tag`; a second call does nothing."""
        message = self._messages.pop(tag or "", None)
        if message is not None:
            self._queues.delete(message=message)

    def basic_consume(self, queue: str, no_ack: bool, callback: Any, consumer_tag: str | None, **kwargs: Any) -> str:
        """Consume `queue`; with `no_ack` its messages are deleted as soon as they are taken."""
        if no_ack:
            self._queues_without_ack.add(queue)
        return super().basic_consume(queue, no_ack, callback, consumer_tag, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> Any:
        """Return one message, or None."""
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message is not None and no_ack:
            self.delete_message(tag=message.delivery_tag)
        return message

    def _put(self, queue: str, message: dict[str, Any], **_kwargs: Any) -> None:
        self._queues.put(queue=queue, payload=message)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 (kombu's signature)
        try:
            message = self._queues.take(queue=queue)
        except BrokenMessage as error:
            # One unreadable file must not end the worker.
            logger.error("%s", error)
            raise Empty from error
        if message is None:
            raise Empty
        # The file name is the tag, because the publisher's tag is the same in every queue of one message.
        message.payload["properties"]["delivery_tag"] = message.name
        if queue in self._queues_without_ack:
            self._queues.delete(message=message)
        else:
            self._messages[message.name] = message
        return message.payload

    def _restore(self, message: Any) -> None:
        taken_message = self._messages.pop(message.delivery_tag, None)
        if taken_message is not None:
            self._queues.put_back(message=taken_message)

    def _new_queue(self, queue: str, **_kwargs: Any) -> None:
        self._queues.create(queue=queue)

    def _has_queue(self, queue: str, **_kwargs: Any) -> bool:
        return self._queues.has_queue(queue=queue)

    def _size(self, queue: str) -> int:
        return self._queues.count(queue=queue)

    def find_oldest_epoch_s(self, queue: str) -> float | None:
        """Return when the oldest waiting message of `queue` was sent, None without one."""
        return self._queues.find_oldest_epoch_s(queue=queue)

    def _purge(self, queue: str) -> int:
        return self._queues.purge(queue=queue)


class FolderTransport(virtual.Transport):
    """The class kombu looks up; bindings live in memory, and every process declares them again."""

    Channel = FolderChannel
    polling_interval = 0.05
    driver_type = "folder"
    driver_name = "folder"
    # Shared by all connections of a process, because every publisher declares the same queues.
    global_state = virtual.BrokerState()

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def driver_version(self) -> str:
        """Return the version that `celery report` shows."""
        return "1"
