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

# Connections a process holds at once, those of clients that do nothing among them; more wait to be let in.
CONNECTIONS = 2048
# A client that sends its headers slower than this, or more of them, is a fault or an attack.
HEADER_READ_TIMEOUT_MS = 10_000
HEADER_BUFFER_BYTES = 65_536
# Below the supervisor's own patience, so that granian ends its stuck processes itself.
KILL_TIMEOUT_S = 5

LOG_CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "zdbridge.logs.RedactingFilter"}},
    "formatters": {"json": {"()": "zdbridge.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "json"}},
    # Information is left out: start and end of its processes are told by the supervisor.
    "loggers": {"_granian": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}


def load() -> None:
    """Import the product before the processes part, so that they share the memory it takes.

    One that has died is also followed by another in a moment. Nothing may be begun here that does not survive a fork:
    no thread, no connection; those are begun by `zdbridge.rsgi`, in each process.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")
    django.setup()
    importlib.import_module("linking.api.front")
    # The pages' modules are imported when the addresses are read.
    list(get_resolver().url_patterns)
    # Collections would write to every object they visit, and with that make each process a copy of its own.
    gc.collect()
    gc.freeze()


def serve(*, host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM. Raises: SystemExit with 1 when a process dies again and again."""
    _allow_connections()
    # Source: granian's README, "Customising event loop initialization" (2.8, read 2026-11).
    loops.register("auto")(build_loop)
    server = Granian(
        "zdbridge.rsgi:application",
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.auto,
        # What a client may take its time with is limited in HTTP/1 only, and proxies speak that to whom they serve.
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


def _allow_connections() -> None:
    """Let this process and its children have a file for each connection, where the system lets them."""
    wanted = CONNECTIONS + 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted and soft != resource.RLIM_INFINITY:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    load()
    serve(host=sys.argv[1], port=int(sys.argv[2]), processes=int(sys.argv[3]))
