"""Receives every request: an RSGI application in front of the token route and of Django's WSGI application.

A slow sender waits here as a coroutine, of which there can be thousands, and never in a thread, of which there are
few. Tokens are answered in the thread that hands them over. Pages are computed in threads
(`zdbridge.serving.page_gate`) once their body is whole.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from zdbridge.serving.bodies import BodyParts, BodyReader, BodyRefused, build_refusal, find_body_length
from zdbridge.serving.environs import Environ, Scope, build_head_environ, complete_environ
from zdbridge.serving.page_gate import PageGate
from zdbridge.serving.prompt_loop import continue_in_loop
from zdbridge.serving.proxies import TrustedProxies
from zdbridge.serving.responses import StreamedResponse, WholeResponse

# For token answers that may have to wait for the database or for Login.
TOKEN_THREADS = 16
# For long responses, each of which a reader may take slowly.
STREAM_THREADS = 8
# A reader that takes no part of a long response for this long is considered gone.
READ_DEADLINE_S = 60.0

StatusHeadersBody = tuple[int, Any, bytes]


class StreamTransport(Protocol):
    """Sends the parts of a response."""

    async def send_bytes(self, data: bytes) -> None:
        """Send one part; return once there is room for the next."""


class HTTPProtocol(BodyParts, Protocol):
    """RSGI's side of one request: its body, and the ways to answer it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a body."""

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> StreamTransport:
        """Answer in parts."""


class TokenRoute(Protocol):
    """Answers token requests (`linking.api.front.TokenFront`)."""

    def is_prompt(self) -> bool:
        """Return whether an answer needs the processor only: neither the database nor Login."""

    def is_asked(self, environ: Environ) -> bool:
        """Return whether a request is the token route's."""

    def answer(self, environ: Environ) -> StatusHeadersBody:
        """Return the answer to such a request."""


class Door:
    """The RSGI application.

    Args:
        refuse_early: returns a response by the head alone, before the body is read, or None to go on.
    """

    def __init__(
        self,
        *,
        tokens: TokenRoute,
        pages: PageGate,
        proxies: TrustedProxies,
        refuse_early: Callable[[Environ], StatusHeadersBody | None],
        bodies: BodyReader | None = None,
    ) -> None:
        self._tokens, self._pages, self._proxies, self._refuse_early = tokens, pages, proxies, refuse_early
        self._bodies = bodies or BodyReader()
        self._token_threads = ThreadPoolExecutor(TOKEN_THREADS, thread_name_prefix="token")
        self._stream_threads = ThreadPoolExecutor(STREAM_THREADS, thread_name_prefix="stream")

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        environ = build_head_environ(scope)
        self._proxies.resolve_client(environ)
        # The token route has no use for a body, so the body of a token request is never read.
        if self._tokens.is_asked(environ):
            if self._tokens.is_prompt():
                protocol.response_bytes(*self._tokens.answer(environ))
                return
            await continue_in_loop()
            loop = asyncio.get_running_loop()
            protocol.response_bytes(*await loop.run_in_executor(self._token_threads, self._tokens.answer, environ))
            return
        try:
            await self._answer_page(environ, scope=scope, protocol=protocol)
        except BodyRefused as refusal:
            protocol.response_bytes(*build_refusal(refusal, environ=environ))

    async def _answer_page(self, environ: Environ, *, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer a request that is not for a token. Raises: BodyRefused."""
        length = find_body_length(environ)
        refusal = self._refuse_early(environ)
        if refusal is not None:
            protocol.response_bytes(*refusal)
            return
        await continue_in_loop()
        body = b"" if length == 0 else await self._bodies.read(protocol, length=length)
        try:
            response = await self._pages.respond(complete_environ(environ, scope=scope, body=body))
        finally:
            self._bodies.release(body)
        if isinstance(response, WholeResponse):
            protocol.response_bytes(*response)
            return
        transport = protocol.response_stream(response.status, response.headers)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._stream_threads, _send, response, transport, loop)


def _send(response: StreamedResponse, transport: StreamTransport, loop: asyncio.AbstractEventLoop) -> None:
    """Compute the parts in this thread and send each once the one before is taken; stop when the reader is gone."""
    try:
        for part in response.parts:
            try:
                asyncio.run_coroutine_threadsafe(_send_part(transport, part), loop).result(READ_DEADLINE_S)
            except Exception:  # noqa: BLE001 - however the connection ended, no reader is left
                return
    finally:
        response.close()


async def _send_part(transport: StreamTransport, part: bytes) -> None:
    await transport.send_bytes(part)
