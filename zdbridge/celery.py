"""The Celery application; its settings are the `CELERY_*` names of `zdbridge.settings`, its tasks `linking.tasks`."""

import os
from typing import Any

from celery import Celery, bootsteps, signals

from zdbridge.pulse import worker as worker_pulse
from zdbridge.watching import request_ids

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

app = Celery("zdbridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `shared_task` looks up the current application of its thread. Threads of the web server and of the pool did not import
# this module, and would otherwise get an application without settings.
app.set_default()


class AnnounceShutdown(bootsteps.StartStopStep):
    """Sends `worker_shutting_down` also when an unexpected error, such as one of the broker, ends the worker.

    Celery then sends no signal, takes no messages, and waits for its pool for as long as a pass lasts.
    """

    requires = ("celery.worker.components:Pool",)

    def close(self, worker: Any) -> None:
        """Send the signal; at an ordinary shutdown it is sent twice, which is harmless."""
        signals.worker_shutting_down.send(sender=worker.hostname, sig="", how="warm", exitcode=worker.exitcode)


app.steps["worker"].add(AnnounceShutdown)
app.steps["worker"].add(worker_pulse.ReportPulse)
worker_pulse.connect()
request_ids.connect()
