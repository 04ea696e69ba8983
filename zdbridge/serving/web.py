"""The web role: granian serving `zdbridge.rsgi`. `python -m zdbridge.serving.web HOST PORT PROCESSES`."""

import gc
import importlib
import os
import resource
import sys

import django
from django.urls import get_resolver
from granian import Granian, loops
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from zdbridge.serving.prompt_loop import build_loop

# Open connections of one process, idle ones included; further ones wait to be accepted.
CONNECTIONS = 2048
# Slower or larger headers are a fault or an attack.
HEADER_READ_TIMEOUT_MS = 10_000
HEADER_BUFFER_BYTES = 65_536
# Shorter than the supervisor's grace, so that granian itself ends its stuck processes.
KILL_TIMEOUT_S = 5

LOG_CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "zdbridge.logs.RedactingFilter"}},
    "formatters": {"json": {"()": "zdbridge.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "json"}},
    # Errors only: the supervisor already reports when processes start and end.
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}


def load() -> None:
    """Import the product before granian forks its processes, so that they share its memory and restart at once.

    Nothing started here survives a fork, so no thread and no connection may be; `zdbridge.rsgi` starts those in each
    process.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")
    django.setup()
    importlib.import_module("linking.api.front")
    # Reading the URL patterns imports the modules of the pages.
    list(get_resolver().url_patterns)
    # The garbage collector writes to every object it visits, which would give each process its own copy.
    gc.collect()
    gc.freeze()


def serve(*, host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM. Raises: SystemExit with 1 when a process dies again and again."""
    _raise_file_limit()
    # Source: granian's README, "Customising event loop initialization" (2.8, read 2026-11).
    loops.register("auto")(build_loop)
    server = Granian(
        "zdbridge.rsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.auto,
        # Granian limits slow clients in HTTP/1 only, and that is what proxies speak to the servers behind them.
        http=HTTPModes.http1,
        workers=processes,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_TIMEOUT_MS, max_buffer_size=HEADER_BUFFER_BYTES),
        log_level=LogLevels.error,
        log_dictconfig=LOG_CONFIG,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=KILL_TIMEOUT_S,
    )
    server.serve()


def _raise_file_limit() -> None:
    """Raise the limit of open files to one for each connection, as far as the system permits."""
    needed = CONNECTIONS + 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed and soft != resource.RLIM_INFINITY:
        limit = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    load()
    serve(host=sys.argv[1], port=int(sys.argv[2]), processes=int(sys.argv[3]))
