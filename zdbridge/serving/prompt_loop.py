"""An event loop that runs the first step of a request in the thread that granian hands it over from.

Granian hands each request to the loop as a coroutine, from a thread of its own. Waking the loop for it costs more than
a whole token response. The loop therefore runs the coroutine's first step in that thread: a token is answered within
it, and a request that has to wait awaits `continue_in_loop()` and goes on in the loop as usual.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import CoroutineType
from typing import Any

# How much less priority granian's threads that read and send have than its thread that answers. On a busy processor,
# sending an answer would otherwise interrupt the next one; with less priority they send many answers together, and a
# token costs a sixth less.
SENDING_NICENESS = 5


class _FirstStepEnd:
    """Ends the first step of a coroutine; awaited in a task, it yields to the loop once."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def continue_in_loop() -> _FirstStepEnd:
    """Return what a coroutine awaits before it does anything that needs the loop."""
    return _FirstStepEnd()


class PromptLoop(asyncio.SelectorEventLoop):
    """Recognizes a request by the form in which granian schedules it: a callback, a coroutine and the request."""

    _is_answering = False

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a callback from any thread; a coroutine that ends with its first step needs no scheduling."""
        if len(args) == 2 and type(args[0]) is CoroutineType:
            if not self._is_answering:
                self._is_answering = True
                _put_answering_first()
            if _run_first_step(args[0]):
                return _FINISHED
        return super().call_soon_threadsafe(callback, *args, context=context)


def build_loop() -> asyncio.AbstractEventLoop:
    """Build a loop and set it for this thread."""
    loop = PromptLoop()
    asyncio.set_event_loop(loop)
    return loop


def _put_answering_first() -> None:
    """Lower the priority of the threads that Python did not start, but for this one: those that read and send."""
    if sys.platform != "linux":  # only Linux has a niceness for each thread
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0) + SENDING_NICENESS
    known = {threading.get_native_id(), *(thread.native_id for thread in threading.enumerate())}
    for thread_id in {int(name) for name in os.listdir("/proc/self/task")} - known:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread_id, niceness)


def _run_first_step(coroutine: Coroutine[Any, Any, Any]) -> bool:
    """Run the first step of a coroutine; return whether it was the last."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    return False


class _FinishedHandle(asyncio.Handle):
    """Stands for a call that is already done."""

    def __init__(self) -> None:
        """Hold nothing: no loop has anything left to do."""

    def __repr__(self) -> str:
        return "<Handle of a request that is answered>"


_FINISHED = _FinishedHandle()
