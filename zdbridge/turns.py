"""Turns for pages: they wait for one another instead of for the token route's time."""

import sys
import threading
from collections.abc import Iterable
from typing import Any

# Threads that compute share one interpreter, and each may keep it for this long before another one gets it. By itself
# that is 5 ms, which a token would wait for every page that is being computed.
SWITCH_INTERVAL_S = 0.0005
# Longer than a queue of slow pages: whoever has waited so long waits for one that is stuck, in the database say.
PATIENCE_S = 2.0


class Turns:
    """WSGI wrapper: lets `at_once` requests compute; whoever comes meanwhile waits in its thread, which costs nothing.

    After `patience_s` seconds a request goes ahead out of turn, so that one that is stuck does not stop the others.

    The server's threads are more than there are turns, so that there is always one left for a token. What is sent
    after the application has returned, a long export say, is not part of a turn.

    Args:
        exempt: paths that are answered out of turn.
    """

    def __init__(
        self, *, application: Any, at_once: int, exempt: Iterable[str] = (), patience_s: float = PATIENCE_S
    ) -> None:
        self._application = application
        self._turns = threading.BoundedSemaphore(at_once)
        self._exempt = frozenset(exempt)
        self._patience_s = patience_s

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request (PEP 3333)."""
        if environ.get("PATH_INFO") in self._exempt:
            return self._application(environ, start_response)
        is_its_turn = self._turns.acquire(timeout=self._patience_s)
        try:
            return self._application(environ, start_response)
        finally:
            if is_its_turn:
                self._turns.release()


def share_time_fairly() -> None:
    """Make computing threads of this process give way sooner."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
