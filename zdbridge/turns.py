"""Turns for pages: they wait for one another instead of for the token route's time."""

import sys
import threading
from collections.abc import Iterable
from typing import Any

# Threads that compute share one interpreter, and each may keep it for this long before another one gets it. By itself
# that is 5 ms, which a token would wait for every page that is being computed.
SWITCH_INTERVAL_S = 0.002


class Turns:
    """WSGI wrapper: lets `at_once` requests compute; whoever comes meanwhile waits in its thread, which costs nothing.

    The server's threads are more than there are turns, so that there is always one left for a token. What is sent
    after the application has returned, a long export say, is not part of a turn.

    Args:
        exempt: paths that are answered out of turn.
    """

    def __init__(self, *, application: Any, at_once: int, exempt: Iterable[str] = ()) -> None:
        self._application = application
        self._turns = threading.BoundedSemaphore(at_once)
        self._exempt = frozenset(exempt)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request (PEP 3333)."""
        if environ.get("PATH_INFO") in self._exempt:
            return self._application(environ, start_response)
        with self._turns:
            return self._application(environ, start_response)


def share_time_fairly() -> None:
    """Make computing threads of this process give way sooner."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
