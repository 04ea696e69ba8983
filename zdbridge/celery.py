"""The Celery application; its settings are the `CELERY_*` names of `zdbridge.settings`, its tasks `linking.tasks`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

app = Celery("zdbridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# `shared_task` looks for the current application thread by thread; the web server's and the pool's threads were not
# the ones that imported this module, and would otherwise be given an application without settings.
app.set_default()
