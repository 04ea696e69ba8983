"""Sockets, threads, and the order of answers: unknown path 404, then credentials 401, then 429, then the handler."""

from __future__ import annotations

import logging
import select
import socket
import socketserver
import struct
import threading
import time
import traceback
from functools import partial
from io import BufferedIOBase
from typing import Any

from sandbox.control import ControlService
from sandbox.http1 import MalformedRequest, Request, Response, read_request, respond_json
from sandbox.login.service import LoginService
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service
from sandbox.shop.service import ShopService
from sandbox.support.agent import AgentService
from sandbox.support.apps import SDKService
from sandbox.support.service import SupportService
from sandbox.support.sunco.service import SunCoService
from sandbox.world.box import Box
from sandbox.world.faults import LONGEST_DELAY_S, NEED_THE_TRUTH
from sandbox.zendesk.chat import ZendeskService
from sandbox.zendesk.messaging import MessagingService
from sandbox.zendesk.oauth import OAuthService
from sandbox.zendesk.widget import WidgetService

log = logging.getLogger("sandbox")
IDLE_S = 75.0  # an idle connection is closed after this time
LINGER_S = 5.0  # how long a refused client's data is still read
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class App:
    """Finds the service and route of a request and calls the handler."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.services: tuple[Service, ...] = (
            ZendeskService(), OAuthService(), WidgetService(), MessagingService(), LoginService(), ShopService(),
            ControlService(), SunCoService(), AgentService(), SDKService(), SupportService(),
        )  # fmt: skip

    def answer(self, request: Request) -> Response:
        """Answer one request. Delays of fault rules run outside the lock."""
        match = self._find_service(request)
        if match is None:
            self.box.stats.count(service="none", label="(unknown path)", status=404)
            return respond_json({"error": "Not Found", "description": "Nothing lives at this path."}, status=404)
        service, prefix = match
        call = Call(self.box, request, {}, self.box.clock(), request.build_origin() + prefix)
        segments = request.split_path()[prefix.count("/") :]
        with self.box.lock:
            self.box.support.settle()
            label, delay_s, response = self._dispatch(service, call, segments, prefix)
            self.box.stats.count(service=service.name, label=label, status=response.status)
        if delay_s:
            time.sleep(delay_s)
        return response

    def _find_service(self, request: Request) -> tuple[Service, str] | None:
        """Return the service of the path and its matching prefix, or None."""
        for service in self.services:
            for prefix in service.list_prefixes(self.box):
                if request.path == prefix or (prefix != "/" and request.path.startswith(prefix + "/")):
                    return service, prefix
        return None

    def _dispatch(self, service: Service, call: Call, segments: list[str], prefix: str) -> tuple[str, float, Response]:
        """Return the label for the counters, the delay in seconds and the response."""
        methods_params = service.table.find(segments=segments)
        if methods_params is None:
            return (
                "(unknown path)",
                0.0,
                service.render_problem(self.box, Problem(404, "Not Found", "Nothing lives at this path.")),
            )
        methods, params = methods_params
        method = call.request.method
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        template = next(iter(methods.values())).template
        label = f"{method} {prefix}{template}"
        if route is None:
            return label, 0.0, self._refuse_method(self.box, service, methods, method)
        try:
            call = Call(call.box, call.request, params, call.now_s, call.base)
            service.guard(call, route)
            return label, *self._call_handler(service, call, route)
        except Problem as problem:
            return label, 0.0, service.render_problem(self.box, problem)

    def _call_handler(self, service: Service, call: Call, route: Route) -> tuple[float, Response]:
        """Return the delay in seconds and the response of the handler or of the fault rule that applies."""
        rule = None
        if not call.request.path.startswith("/_control"):
            rule = self.box.faults.find_rule(method=call.request.method, path=call.request.path)
        if rule is None:
            return 0.0, route.handler(call)
        self.box.stats.faults += 1
        answer = route.handler(call) if rule.kind in NEED_THE_TRUTH else None
        return float(rule.delay_s), rule.spoil(answer, render=partial(service.render_problem, self.box))

    @staticmethod
    def _refuse_method(box: Box, service: Service, methods: dict[str, Route], method: str) -> Response:
        """Answer OPTIONS with the allowed methods, every other method with 405."""
        allowed = sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})
        allow = ("Allow", ", ".join(allowed))
        if method == "OPTIONS":
            return Response(status=204, headers=[allow])
        return service.render_problem(
            box, Problem(405, "Method Not Allowed", f"{method} is not answered here.", headers=(allow,))
        )


class Connection(socketserver.StreamRequestHandler):
    """One client connection, kept alive until it closes, fails or stays idle."""

    rbufsize = 65_536
    timeout = IDLE_S
    disable_nagle_algorithm = True
    server: SandboxServer

    def handle(self) -> None:
        """Answer the connection's requests one after the other."""
        peer = str(self.client_address[0])
        try:
            while self._serve_one(self.rfile, peer):
                pass
        except OSError:  # the client closed, broke off or was idle; what handlers raise is answered, see _answer
            return

    def _serve_one(self, stream: BufferedIOBase, peer: str) -> bool:
        """Answer one request; return whether the connection stays open."""
        try:
            request = read_request(stream=stream, peer=peer, send_continue=lambda: self.connection.sendall(CONTINUE))
        except MalformedRequest as error:
            self._refuse(error)
            return False
        if request is None:
            return False
        # HTTP/1.0 allows requests without a host; the URLs in answers need one.
        request.headers.setdefault("host", self.server.url.partition("://")[2])
        response = self._answer(request)
        if response.drop:
            return False
        if response.sending in ("drip", "silence", "reset"):
            self._send_badly(response)
            return False
        keep_alive = request.keep_alive and response.cut >= 1.0
        now_s, head_only = self.server.app.box.clock(), request.method == "HEAD"
        self.connection.sendall(response.encode(head_only=head_only, keep_alive=keep_alive, now_s=now_s))
        return keep_alive

    def _refuse(self, error: MalformedRequest) -> None:
        """Answer bytes that are not a request, then read what the client still sends for a while.

        A client that sends a large body reads nothing before it has sent all; after an immediate close it would see
        a broken pipe instead of the answer. Source: RFC 9112 9.6.
        """
        refusal = respond_json({"error": "Bad Request", "description": str(error)}, status=error.status)
        self.connection.sendall(refusal.encode(head_only=False, keep_alive=False, now_s=self.server.app.box.clock()))
        self.connection.shutdown(socket.SHUT_WR)
        ends_s = time.monotonic() + LINGER_S
        while (left_s := ends_s - time.monotonic()) > 0:
            self.connection.settimeout(left_s)
            if not self.connection.recv(1_000_000):
                return

    def _answer(self, request: Request) -> Response:
        """Return the response, or 500 when a handler fails; the log then has the traceback."""
        try:
            return self.server.app.answer(request)
        except Exception:
            log.exception("%s %s ended in an error", request.method, request.path)
            return respond_json({"error": "Internal Server Error", "description": "See the sandbox's log."}, status=500)

    def _send_badly(self, response: Response) -> None:
        """Send one byte a second, nothing, or half of the answer and a reset."""
        head, _, body = response.encode(head_only=False, keep_alive=False, now_s=time.time()).partition(b"\r\n\r\n")
        if response.sending == "silence":
            self._wait_for_the_end(seconds=LONGEST_DELAY_S)
            return
        self.connection.sendall(head + b"\r\n\r\n")
        if response.sending == "reset":
            self.connection.sendall(body[: len(body) // 2])
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        for place in range(min(len(body), int(LONGEST_DELAY_S))):
            self.connection.sendall(body[place : place + 1])
            self._wait_for_the_end(seconds=1.0)

    def _wait_for_the_end(self, *, seconds: float) -> None:
        """Wait for at most `seconds`. Raises: ConnectionAbortedError when the client closes."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1):
            raise ConnectionAbortedError("the client has closed")


class SandboxServer(socketserver.ThreadingTCPServer):
    """Serves each connection in a thread of its own; stops without waiting for open ones."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, *, host: str, port: int, box: Box) -> None:
        self.app = App(box)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Connection)

    @property
    def url(self) -> str:
        """The URL it listens on."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def handle_error(self, _request: Any, client_address: Any, /) -> None:
        """Log an unexpected error with its traceback; the connection is lost, the program continues."""
        log.error("A request from %s ended in an error:\n%s", client_address[0], traceback.format_exc())

    def start_in_thread(self) -> threading.Thread:
        """Serve from a new thread, for tests."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return thread
