import socket
import time

import pytest
from celery import Celery

from linking import queue


@pytest.fixture
def broker(monkeypatch):
    """Puts an application with another broker in force."""

    def use(url: str) -> Celery:
        app = Celery(broker=url, set_as_current=False)
        monkeypatch.setattr(queue, "current_app", app)
        return app

    return use


@pytest.fixture
def mute_address():
    # Takes connections and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


class TestPut:
    def test_leaves_the_message_with_the_broker(self, broker):
        app = broker("memory://")
        queue.put(task="some.task", number=7)
        with app.connection_for_read() as connection:
            message = connection.SimpleQueue("celery").get_nowait()
        assert (message.headers["task"], message.payload[1]) == ("some.task", {"number": 7})

    def test_says_so_when_nobody_listens(self, broker):
        broker("redis://127.0.0.1:1/0")
        with pytest.raises(queue.BrokerUnavailable):
            queue.put(task="some.task")

    def test_comes_back_from_a_mute_broker(self, broker, mute_address):
        broker(mute_address)
        with pytest.raises(queue.BrokerUnavailable):
            queue.put(task="some.task")


class TestIsThere:
    def test_finds_a_broker(self, broker):
        broker("memory://")
        assert queue.is_available()

    def test_finds_the_broker_of_the_settings(self):
        assert queue.is_available()

    def test_misses_one_that_is_away(self, broker):
        broker("redis://127.0.0.1:1/0")
        assert not queue.is_available()

    def test_misses_one_that_is_mute(self, broker, mute_address):
        broker(mute_address)
        assert not queue.is_available()


class TestMeasureQueues:
    """The same wherever the broker is: in the data folder, or in Redis with `REDIS_URL` set."""

    @pytest.fixture(autouse=True)
    def empty_queue(self):
        with queue._brief_connection() as broker:
            broker.default_channel.queue_declare("refresh")
            broker.default_channel.queue_purge("refresh")
            yield
            broker.default_channel.queue_purge("refresh")

    def measure(self, now_s):
        return {one.name: one for one in queue.measure_queues(now_s=now_s)}["refresh"]

    def test_counts_what_waits_and_tells_the_oldest(self):
        began_s = time.time()
        for _ in range(2):
            queue.put(task="linking.tasks.refresh_visitor", visitor_pk=1)
        standing = self.measure(now_s=began_s + 60)
        assert standing.messages == 2 and 50 < standing.oldest_age_s <= 60

    def test_of_an_empty_queue_is_nothing(self):
        assert self.measure(now_s=0.0) == queue.QueueStanding("refresh", 0, 0.0)
