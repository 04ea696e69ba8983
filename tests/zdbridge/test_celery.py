"""What a worker tells the passes it runs."""

from types import SimpleNamespace

import pytest

from linking import tasks
from zdbridge.celery import AnnounceShutdown, app


@pytest.fixture(autouse=True)
def _not_shutting_down():
    tasks._shutting_down[0] = 0
    yield
    tasks._shutting_down[0] = 0


class TestAnnounceShutdown:
    def test_belongs_to_every_worker(self):
        assert AnnounceShutdown in app.steps["worker"]

    def test_lets_passes_end_however_the_worker_ends(self):
        AnnounceShutdown(None).close(SimpleNamespace(hostname="worker@here", exitcode=1))
        assert tasks.is_shutting_down()


class TestQueues:
    @pytest.mark.parametrize(
        ("task", "queue"),
        [
            (tasks.tick, "celery"), (tasks.sync_integration, "celery"), (tasks.send_alarms, "celery"),
            (tasks.refresh_visitor, "refresh"), (tasks.answer_questions, "ask"),
        ],
    )  # fmt: skip
    def test_keep_what_people_ask_for_apart(self, task, queue):
        routed = app.amqp.router.route({}, task.name)["queue"]
        assert routed.name == queue
