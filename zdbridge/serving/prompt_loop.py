"""An event loop that begins what comes in from other threads at once, where it comes in.

Granian hands each request to the loop as a coroutine, from the thread that reads the connections. To wake the loop up
for it costs more than a token's whole answer does. So its first step is made there and then: a token is answered by
it, and whatever has to wait says so (`wait_in_the_loop`) and goes on in the loop, as every request would otherwise.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import CoroutineType
from typing import Any


class _Step:
    """Ends the first step of a coroutine; awaited in a task, it is no more than a turn of the loop."""

    def __await__(self) -> Generator[None, None, None]:
        yield


def wait_in_the_loop() -> _Step:
    """Return what a coroutine awaits before it may do anything that needs the loop."""
    return _Step()


class PromptLoop(asyncio.SelectorEventLoop):
    """Takes requests the way granian hands them over: what to do with a coroutine, the coroutine, and its request."""

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a callback from any thread; a coroutine that ends with its first step needs no scheduling."""
        if len(args) == 2 and type(args[0]) is CoroutineType and _is_ended(args[0]):
            return _NOTHING_LEFT
        return super().call_soon_threadsafe(callback, *args, context=context)


def build_loop() -> asyncio.AbstractEventLoop:
    """Make a loop and set it for this thread."""
    loop = PromptLoop()
    asyncio.set_event_loop(loop)
    return loop


def _is_ended(coroutine: Coroutine[Any, Any, Any]) -> bool:
    """Make the first step of a coroutine; return whether it was the last."""
    try:
        coroutine.send(None)
    except StopIteration:
        return True
    return False


class _Nothing(asyncio.Handle):
    """Stands for a call that was made already."""

    def __init__(self) -> None:
        """Hold nothing: there is no loop in which anything would be left to do."""

    def __repr__(self) -> str:
        return "<Handle of a request that is answered>"


_NOTHING_LEFT = _Nothing()
