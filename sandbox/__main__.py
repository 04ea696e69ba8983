"""Start the sandbox: `python -m sandbox --port 9100`. It stops on Ctrl-C and SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from typing import Any

from sandbox.server import SandboxServer
from sandbox.shop.first_visits import make_first_visits
from sandbox.world.box import MESSAGING_SLUG, Box, load_config


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Stand-ins for Xsolla Login and Zendesk Chat."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=9100, help="port to listen on, 0 for any (default %(default)s)")
    parser.add_argument("--token", default="sandbox-chat-token", help="access token that Chat's REST API accepts")
    parser.add_argument("--bridge", default="http://127.0.0.1:8000", help="where the shop requests Zendesk JWTs")
    parser.add_argument("--webhook", default="", help="address for signed reports of ended chats (default: none)")
    parser.add_argument("--support-webhook", default="", help="address for signed events of Support (default: none)")
    parser.add_argument(
        "--messaging-slug", default=MESSAGING_SLUG, help="the integration of the shop's Messaging widget"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal stops it; return the exit status, 1 when the port is taken."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    config = load_config(
        token=options.token,
        bridge=options.bridge,
        webhook=options.webhook,
        support_webhook=options.support_webhook,
        messaging_slug=options.messaging_slug,
    )
    box = Box(config=config)
    try:
        server = SandboxServer(host=options.host, port=options.port, box=box)
    except OSError as error:
        print(f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1

    def stop(_number: int, _frame: Any) -> None:
        # shutdown() waits for serve_forever, which runs in this thread, so another thread must call it.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(
        f"sandbox: {server.url}/shop/ (shop), {server.url}/api/v2/chat (Chat), {server.url}/support/api/v2 (Support), "
        f"{server.url}/login/api (Login)",
        flush=True,
    )
    if options.support_webhook:
        # Only a demo is told where its events go.
        threading.Thread(target=make_first_visits, args=(box,), daemon=True).start()
    with server:
        server.serve_forever(poll_interval=0.2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
