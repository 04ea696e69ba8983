"""The way in for every request: an RSGI application over Django's and the token route's WSGI ones.

Whoever sends slowly waits here as a coroutine, of which there can be thousands, and never in a thread, of which there
are few. Tokens are answered where they come in, between two looks at the connections; pages are made in threads
(`zdbridge.serving.turns`), once their body is whole.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from zdbridge.serving.bodies import Answer, Bodies, BodyRefused, Incoming, announced_length, refusal_answer
from zdbridge.serving.environs import Environ, Scope, complete, head_environ
from zdbridge.serving.prompt_loop import wait_in_the_loop
from zdbridge.serving.proxies import TrustedProxies
from zdbridge.serving.turns import Stream, Turns

# Token answers that may have to wait for the database or for Login, and long answers that somebody reads.
TOKEN_THREADS = 16
STREAM_THREADS = 8
# Whoever takes no part of a long answer for so long has gone away.
READ_DEADLINE_S = 60.0

Whole = tuple[int, Any, bytes]


class Transport(Protocol):
    """Sends the parts of an answer."""

    async def send_bytes(self, data: bytes) -> None:
        """Send one part; returns once there is room for the next."""


class Exchange(Incoming, Protocol):
    """RSGI's side of one request: its body, and the ways to answer it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a body."""

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Transport:
        """Answer with parts."""


class TokenRoute(Protocol):
    """Answers tokens (`linking.api.front.TokenFront`)."""

    def is_prompt(self) -> bool:
        """Whether an answer waits for nothing but the processor."""

    def is_asked(self, environ: Environ) -> bool:
        """Whether a request is the token route's."""

    def answer(self, environ: Environ) -> Whole:
        """Answer a request that is."""


class Door:
    """RSGI application.

    Args:
        refuse_early: answers by the head of a request alone, before its body is read; None lets it in.
    """

    def __init__(
        self,
        *,
        tokens: TokenRoute,
        pages: Turns,
        proxies: TrustedProxies,
        refuse_early: Callable[[Environ], Whole | None],
        bodies: Bodies | None = None,
    ) -> None:
        self._tokens, self._pages, self._proxies, self._refuse_early = tokens, pages, proxies, refuse_early
        self._bodies = bodies or Bodies()
        self._token_threads = ThreadPoolExecutor(TOKEN_THREADS, thread_name_prefix="token")
        self._stream_threads = ThreadPoolExecutor(STREAM_THREADS, thread_name_prefix="stream")

    async def __call__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request."""
        environ = head_environ(scope)
        self._proxies.unwrap(environ)
        # The body of a token request is never read: there is nothing in it to know.
        if self._tokens.is_asked(environ):
            if self._tokens.is_prompt():
                exchange.response_bytes(*self._tokens.answer(environ))
                return
            await wait_in_the_loop()
            loop = asyncio.get_running_loop()
            exchange.response_bytes(
                *await loop.run_in_executor(self._token_threads, self._tokens.answer, environ),
            )
            return
        try:
            await self._answer_page(environ, scope=scope, exchange=exchange)
        except BodyRefused as refused:
            exchange.response_bytes(*refusal_answer(refused, environ=environ))

    async def _answer_page(self, environ: Environ, *, scope: Scope, exchange: Exchange) -> None:
        """Answer what is not a token. Raises: BodyRefused."""
        length = announced_length(environ)
        refusal = self._refuse_early(environ)
        if refusal is not None:
            exchange.response_bytes(*refusal)
            return
        await wait_in_the_loop()
        body = b"" if length == 0 else await self._bodies.read(exchange, length=length)
        try:
            made = await self._pages.make(complete(environ, scope=scope, body=body))
        finally:
            self._bodies.let_go(body)
        if isinstance(made, Answer):
            exchange.response_bytes(*made)
            return
        transport = exchange.response_stream(made.status, made.headers)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._stream_threads, _send, made, transport, loop)


def _send(stream: Stream, transport: Transport, loop: asyncio.AbstractEventLoop) -> None:
    """Compute the parts in this thread and send each when the one before was taken; ends where nobody reads."""
    try:
        for part in stream.parts:
            try:
                asyncio.run_coroutine_threadsafe(_send_part(transport, part), loop).result(READ_DEADLINE_S)
            except Exception:  # noqa: BLE001 - however the connection ended, there is nobody left to send to
                return
    finally:
        stream.close()


async def _send_part(transport: Transport, part: bytes) -> None:
    await transport.send_bytes(part)
