import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Consumer, Exchange, Queue

from tests.zdbridge.waiting import wait_until
from zdbridge.broker.folder_queue import recover

ROOT = Path(__file__).resolve().parents[3]
WORKER = ["worker", "--pool", "threads", "--concurrency", "10", "--without-gossip", "--without-mingle", "-l", "WARNING"]


def files(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    options = {"folder": str(tmp_path / "queue")}
    with Connection(
        "folder://", transport="zdbridge.broker.folder_broker:FolderTransport", transport_options=options
    ) as made:
        yield made


class Workers:
    """Starts worker processes on one folder and sees to it that none is left."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, []
        self.environment = {**os.environ, "FOLDER": str(folder)}

    def send(self, *, count: int) -> None:
        code = f"from tests.zdbridge.broker.broker_app import finish\nfor n in range({count}): finish.delay(n)"
        subprocess.run([sys.executable, "-c", code], env=self.environment, cwd=ROOT, check=True)

    def start(self) -> subprocess.Popen:
        command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "tests.zdbridge.broker.broker_app", *WORKER]
        self.started.append(subprocess.Popen(command, env=self.environment, cwd=ROOT))
        return self.started[-1]

    def has(self, *, kind: str, count: int) -> bool:
        return len(list(self.folder.glob(f"{kind}-*"))) >= count

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.close()


class TestChannel:
    def test_delivers_and_forgets_after_the_ack(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            got = queue.get(timeout=5)
            held = files(tmp_path / "queue")
            got.ack()
        assert (got.payload, held, files(tmp_path / "queue")) == ({"n": 1}, ["celery"], [])

    def test_puts_a_requeued_message_back(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            queue.get(timeout=5).requeue()
            assert queue.get(timeout=5).payload == {"n": 1}

    def test_deletes_a_rejected_message(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            queue.get(timeout=5).reject()
        assert files(tmp_path / "queue") == []

    def test_gives_unacknowledged_messages_back_when_closed(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            queue.get(timeout=5)
        connection.close()
        assert [path.parent.parent.name for path in (tmp_path / "queue").rglob("*") if path.is_file()] == ["ready"]

    def test_keeps_nothing_where_no_ack_is_wanted(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery", no_ack=True) as queue:
            queue.put({"n": 1})
            assert queue.get(timeout=5).payload == {"n": 1}
        assert files(tmp_path / "queue") == []

    def test_takes_a_single_message_without_ack(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
        connection.default_channel.basic_get("celery", no_ack=True)
        assert files(tmp_path / "queue") == []

    def test_tells_apart_the_copies_of_one_message(self, connection: Connection, tmp_path: Path) -> None:
        exchange, got = Exchange("both", type="direct"), []
        queues = [Queue(name, exchange, routing_key="key") for name in ("one", "two")]
        with Consumer(connection, queues=queues, callbacks=[lambda _body, taken: got.append(taken)], auto_declare=True):
            connection.Producer().publish({"n": 1}, exchange=exchange, routing_key="key")
            while len(got) < 2:
                connection.drain_events(timeout=5)
        got[0].ack()
        assert len(files(tmp_path / "queue")) == 1

    def test_survives_an_unreadable_message(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            (tmp_path / "queue" / "ready" / "celery" / "00000000000000000001-x").write_text("{")
            assert queue.get(timeout=5).payload == {"n": 1}

    def test_purges_a_queue(self, connection: Connection, tmp_path: Path) -> None:
        with connection.SimpleQueue("celery") as queue:
            queue.put({"n": 1})
            assert (queue.qsize(), queue.clear(), files(tmp_path / "queue")) == (1, 1, [])


@pytest.mark.slow
class TestWorker:
    def test_killed_with_ten_messages_in_hand_loses_none(self, workers: Workers, tmp_path: Path) -> None:
        workers.send(count=10)
        first = workers.start()
        assert wait_until(lambda: workers.has(kind="started", count=10))
        first.kill()
        first.wait()
        assert recover(folder=tmp_path / "queue", queue="celery", now_epoch_s=time.time()) == 10
        (tmp_path / "go").touch()
        workers.start()
        assert wait_until(lambda: workers.has(kind="finished", count=10))

    def test_leaves_nothing_over_after_a_clean_stop(self, workers: Workers, tmp_path: Path) -> None:
        (tmp_path / "go").touch()
        workers.send(count=30)
        worker = workers.start()
        assert wait_until(lambda: workers.has(kind="finished", count=30))
        worker.send_signal(signal.SIGTERM)
        assert (worker.wait(timeout=20), files(tmp_path / "queue")) == (0, [])

    def test_stopped_with_messages_waiting_keeps_them(self, workers: Workers, tmp_path: Path) -> None:
        workers.send(count=30)
        worker = workers.start()
        assert wait_until(lambda: workers.has(kind="started", count=10))
        worker.kill()
        worker.wait()
        assert len(files(tmp_path / "queue")) == 30
