"""A tiny Celery application on the folder broker, for worker processes of the tests. Its folder is in FOLDER."""

import os
import time
from pathlib import Path

from celery import Celery

FOLDER = Path(os.environ["FOLDER"])

app = Celery("broker_app")
app.conf.update(
    broker_url="folder://",
    broker_transport="zdbridge.broker.folder_broker:FolderTransport",
    broker_transport_options={"folder": str(FOLDER / "queue")},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task(name="finish")
def finish(number: int) -> None:
    """Note the start, wait for the file `go`, note the end."""
    (FOLDER / f"started-{number}").touch()
    while not (FOLDER / "go").exists():
        time.sleep(0.01)
    (FOLDER / f"finished-{number}").touch()
