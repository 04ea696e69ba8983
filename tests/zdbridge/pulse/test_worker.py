"""A worker works while its processes write and no task runs for ever."""

import pytest

from zdbridge.pulse import worker
from zdbridge.pulse.worker import PoolWatch, RunningTasks, find_role, write_slot

NOW_S = 10_000.0


class TestRunningTasks:
    @pytest.mark.parametrize(("age_s", "is_stuck"), [(200, False), (worker.TASK_STUCK_AFTER_S + 1, True)])
    def test_knows_one_that_runs_for_longer_than_any_may(self, age_s, is_stuck):
        running = RunningTasks()
        running.begin("a", now_s=NOW_S - age_s)
        assert running.is_one_stuck(now_s=NOW_S) is is_stuck

    def test_forgets_one_that_has_ended(self):
        running = RunningTasks()
        running.begin("a", now_s=0.0)
        running.end("a")
        assert not running.is_one_stuck(now_s=NOW_S)


class TestPoolWatch:
    @pytest.mark.parametrize(("age_s", "is_silent"), [(5, False), (worker.PROCESS_SILENT_AFTER_S + 1, True)])
    def test_knows_a_process_that_has_stopped_writing(self, age_s, is_silent):
        write_slot(1, pid=41, now_s=NOW_S)
        write_slot(2, pid=42, now_s=NOW_S - age_s)
        assert PoolWatch().is_one_silent({1: 41, 2: 42}, now_s=NOW_S) is is_silent

    def test_gives_a_new_process_time(self):
        write_slot(3, pid=43, now_s=0.0)
        watch = PoolWatch()
        began = watch.is_one_silent({3: 99}, now_s=NOW_S)
        later = watch.is_one_silent({3: 99}, now_s=NOW_S + worker.PROCESS_START_S + 1)
        assert (began, later) == (False, True)

    def test_of_threads_finds_nothing(self):
        assert not PoolWatch().is_one_silent({}, now_s=NOW_S)


class TestFindRole:
    @pytest.mark.parametrize(("queues", "role"), [({"celery": 1}, "worker"), ({"ask": 1, "refresh": 1}, "refresh")])
    def test_goes_by_the_queues(self, queues, role):
        assert find_role(queues) == role


class TestListProcesses:
    def test_of_a_pool_of_threads_is_empty(self):
        class Threads:
            executor = None

        class Worker:
            pool = Threads()

        assert worker._list_processes(Worker()) == {}
