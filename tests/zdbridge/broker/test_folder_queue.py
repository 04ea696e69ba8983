import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zdbridge.broker.folder_queue import ABANDONED_AFTER_S, BadQueueName, BrokenMessage, FolderQueue, recover

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from pathlib import Path
from zdbridge.broker.folder_queue import FolderQueue
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
queue = FolderQueue(folder=folder)
for number in range(count):
    queue.put(queue="celery", payload={"properties": {}, "body": f"{name}-{number}"})
"""


def message(body: str = "x") -> dict:
    return {"properties": {}, "body": body}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def queue(tmp_path: Path) -> FolderQueue:
    made = FolderQueue(folder=tmp_path / "queue")
    made.create(queue="celery")
    return made


class TestPutAndTake:
    def test_hands_out_messages_oldest_first(self, queue: FolderQueue) -> None:
        for body in "abc":
            queue.put(queue="celery", payload=message(body))
        assert [queue.take(queue="celery").payload["body"] for _ in range(3)] == ["a", "b", "c"]

    def test_has_nothing_when_empty(self, queue: FolderQueue) -> None:
        assert queue.take(queue="celery") is None

    def test_makes_the_folders_a_writer_finds_missing(self, tmp_path: Path) -> None:
        FolderQueue(folder=tmp_path / "deep" / "queue").put(queue="celery", payload=message())
        assert len(files(tmp_path / "deep" / "queue" / "ready" / "celery")) == 1

    def test_keeps_a_taken_message_on_disk_until_it_is_dropped(self, queue: FolderQueue, tmp_path: Path) -> None:
        queue.put(queue="celery", payload=message())
        taken = queue.take(queue="celery")
        assert len(files(tmp_path / "queue" / "held" / "celery")) == 1
        queue.delete(message=taken)
        assert files(tmp_path / "queue") == []

    def test_gives_back_to_the_old_place_in_the_order(self, queue: FolderQueue, tmp_path: Path) -> None:
        for body in "ab":
            queue.put(queue="celery", payload=message(body))
        queue.put_back(message=queue.take(queue="celery"))
        assert FolderQueue(folder=tmp_path / "queue").take(queue="celery").payload["body"] == "a"

    def test_never_hands_out_one_message_twice(self, queue: FolderQueue, tmp_path: Path) -> None:
        for body in "ab":
            queue.put(queue="celery", payload=message(body))
        other = FolderQueue(folder=tmp_path / "queue")
        first, second, third = queue.take(queue="celery"), other.take(queue="celery"), queue.take(queue="celery")
        assert (first.payload["body"], second.payload["body"], third) == ("a", "b", None)

    def test_ignores_half_written_files(self, queue: FolderQueue, tmp_path: Path) -> None:
        (tmp_path / "queue" / "ready" / "celery" / ".00000000000000000001-x").write_text('{"prop')
        assert (queue.take(queue="celery"), queue.count(queue="celery")) == (None, 0)

    @pytest.mark.parametrize("content", ["", "{", "[]", "\xff", '{"properties": []}'])
    def test_moves_an_unreadable_message_away(self, queue: FolderQueue, tmp_path: Path, content: str) -> None:
        (tmp_path / "queue" / "ready" / "celery" / "00000000000000000001-x").write_bytes(content.encode("latin-1"))
        with pytest.raises(BrokenMessage, match="moved to"):
            queue.take(queue="celery")
        assert [path.parent.name for path in files(tmp_path / "queue")] == ["broken"]

    def test_goes_on_after_an_unreadable_message(self, queue: FolderQueue, tmp_path: Path) -> None:
        (tmp_path / "queue" / "ready" / "celery" / "00000000000000000001-x").write_text("{")
        queue.put(queue="celery", payload=message("good"))
        with pytest.raises(BrokenMessage):
            queue.take(queue="celery")
        assert queue.take(queue="celery").payload["body"] == "good"

    def test_leaves_no_litter_when_writing_fails(self, queue: FolderQueue, tmp_path: Path, monkeypatch) -> None:
        def full_disk(*_arguments: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full_disk)
        with pytest.raises(OSError, match="No space left"):
            queue.put(queue="celery", payload=message())
        assert files(tmp_path / "queue") == []

    def test_purges_what_waits_and_nothing_that_is_held(self, queue: FolderQueue, tmp_path: Path) -> None:
        for body in "abc":
            queue.put(queue="celery", payload=message(body))
        queue.take(queue="celery")
        assert (queue.purge(queue="celery"), len(files(tmp_path / "queue" / "held"))) == (2, 1)


class TestNames:
    def test_sort_by_age_with_twenty_digits(self, queue: FolderQueue, tmp_path: Path) -> None:
        for body in "abc":
            queue.put(queue="celery", payload=message(body))
        names = sorted(path.name for path in files(tmp_path / "queue"))
        assert all(len(name.split("-")[0]) == 20 for name in names)
        read = [json.loads((tmp_path / "queue/ready/celery" / name).read_text())["body"] for name in names]
        assert read == ["a", "b", "c"]

    @pytest.mark.parametrize(
        "name", ["..", ".", "", "../../etc", "a/b", "/etc", ".hidden", "a\0b", "a\nb", "x" * 201, "é"]
    )
    def test_refuses_queue_names_that_could_leave_the_folder(self, queue: FolderQueue, name: str) -> None:
        with pytest.raises(BadQueueName):
            queue.put(queue=name, payload=message())

    @pytest.mark.parametrize("name", ["celery", "celery@host.example", "a-b_c.9", "x" * 200])
    def test_accepts_the_names_celery_makes(self, queue: FolderQueue, name: str) -> None:
        queue.put(queue=name, payload=message())
        assert queue.count(queue=name) == 1


class TestModes:
    def test_are_private_whatever_the_umask(self, tmp_path: Path) -> None:
        old = os.umask(0)
        try:
            queue = FolderQueue(folder=tmp_path / "queue")
            queue.put(queue="celery", payload=message())
        finally:
            os.umask(old)
        paths = [tmp_path / "queue", *(tmp_path / "queue").rglob("*")]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in paths}
        assert modes == {0o700, 0o600}


class TestRecover:
    def test_puts_held_messages_back(self, queue: FolderQueue, tmp_path: Path) -> None:
        queue.put(queue="celery", payload=message())
        queue.take(queue="celery")
        assert recover(folder=tmp_path / "queue", queue="celery", now_epoch_s=0) == 1
        assert queue.count(queue="celery") == 1

    def test_leaves_alone_what_another_queues_worker_holds(self, queue: FolderQueue, tmp_path: Path) -> None:
        queue.put(queue="refresh", payload=message())
        queue.take(queue="refresh")
        assert recover(folder=tmp_path / "queue", queue="celery", now_epoch_s=0) == 0
        assert queue.count(queue="refresh") == 0

    def test_does_nothing_before_the_first_message(self, tmp_path: Path) -> None:
        assert recover(folder=tmp_path / "nothing", queue="celery", now_epoch_s=0) == 0

    @pytest.mark.parametrize(("age_s", "is_left"), [(ABANDONED_AFTER_S + 1, False), (ABANDONED_AFTER_S - 1, True)])
    def test_clears_only_old_half_written_files(self, queue, tmp_path: Path, age_s: int, is_left: bool) -> None:
        half = tmp_path / "queue" / "ready" / "celery" / ".half"
        half.write_text("{")
        os.utime(half, (1_000_000, 1_000_000))
        recover(folder=tmp_path / "queue", queue="celery", now_epoch_s=1_000_000 + age_s)
        assert half.exists() is is_left


class TestManyProcesses:
    def test_two_writers_and_a_reader_lose_nothing_in_ten_thousand(self, tmp_path: Path) -> None:
        folder, each = tmp_path / "queue", 5_000
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name, str(each)], cwd=ROOT) for name in "ab"
        ]
        reader, seen = FolderQueue(folder=folder), []
        while len(seen) < 2 * each:
            taken = reader.take(queue="celery")
            if taken is not None:
                seen.append(taken.payload["body"])
                reader.delete(message=taken)
            elif all(writer.poll() is not None for writer in writers) and reader.count(queue="celery") == 0:
                break
        assert [writer.wait() for writer in writers] == [0, 0]
        assert sorted(seen) == sorted(f"{name}-{number}" for name in "ab" for number in range(each))
        assert files(folder) == []
