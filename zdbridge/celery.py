"""The Celery application; its settings are the `CELERY_*` names of `zdbridge.settings`, its tasks `linking.tasks`."""

import os
from typing import Any

from celery import Celery, bootsteps, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

app = Celery("zdbridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `shared_task` looks for the current application thread by thread; the web server's and the pool's threads were not
# the ones that imported this module, and would otherwise be given an application without settings.
app.set_default()


class TellOfTheEnd(bootsteps.StartStopStep):
    """Says that the worker ends also where Celery does not: after an error nobody foresaw, such as one of its broker's.

    It then waits for its pool without a word, takes no messages, and would do so for as long as a pass lasts.
    """

    requires = ("celery.worker.components:Pool",)

    def close(self, worker: Any) -> None:
        """Send the signal; that it comes twice at an ordinary end does no harm."""
        signals.worker_shutting_down.send(sender=worker.hostname, sig="", how="warm", exitcode=worker.exitcode)


app.steps["worker"].add(TellOfTheEnd)
