"""The scheduler goes on ticking whatever the clock does."""

from datetime import timedelta

import pytest
from celery import Celery

from zdbridge import steady_beat
from zdbridge.steady_beat import SteadyScheduler

TICK_S = 5


@pytest.fixture
def scheduler(tmp_path):
    app = Celery("ticking", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"tick": {"task": "tick", "schedule": TICK_S}}
    made = SteadyScheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=True)
    made.setup_schedule()
    made.schedule = {name: entry for name, entry in made.schedule.items() if name == "tick"}
    yield made
    made.close()


def set_back(scheduler, by):
    for entry in scheduler.schedule.values():
        entry.last_run_at = scheduler.app.now() + by


class TestTick:
    @pytest.mark.parametrize("by", [timedelta(minutes=1), timedelta(hours=1), timedelta(days=400)])
    def test_comes_in_time_after_the_clock_was_set_back(self, scheduler, by):
        set_back(scheduler, by)
        assert scheduler.tick() <= TICK_S

    def test_comes_in_time_when_that_happens_while_it_waits(self, scheduler):
        set_back(scheduler, timedelta(0))
        scheduler.tick()
        set_back(scheduler, timedelta(hours=1))
        scheduler._heap[0] = scheduler._heap[0]._replace(time=scheduler._heap[0].time + 3600)
        assert scheduler.tick() <= TICK_S

    def test_does_not_come_early(self, scheduler):
        set_back(scheduler, timedelta(0))
        assert scheduler.tick() > TICK_S - 1


class TestReporting:
    @pytest.fixture
    def roles(self, monkeypatch):
        begun = []

        class Noted:
            def __init__(self, *, role, is_well):
                self._role = role

            def start(self):
                begun.append(self._role)

        monkeypatch.setattr(steady_beat, "Pulse", Noted)
        return begun

    @pytest.mark.parametrize(("is_lazy", "expected"), [(False, ["beat"]), (True, [])], ids=["runs", "banner"])
    def test_begins_with_a_scheduler_that_runs(self, is_lazy, expected, roles, tmp_path):
        app = Celery("reporting", broker="memory://", set_as_current=False)
        made = SteadyScheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=is_lazy)
        assert roles == expected
        if not is_lazy:
            made.close()
