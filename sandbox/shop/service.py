"""The demo shop: a partner's site that keeps the Login JWT in a cookie and shows a chat, as the guide describes."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from sandbox.http1 import NO_STORE, Request, Response
from sandbox.jwt import TokenUnreadable, decode_unverified
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table, refuse_foreign_origin
from sandbox.support.conversations import find_session_user
from sandbox.world.players import PLAYERS
from sandbox.zendesk.messaging import MESSAGING_COOKIE
from sandbox.zendesk.messaging import log_out as log_out_messaging
from sandbox.zendesk.widget import WIDGET_COOKIE, log_out

PAGES = Path(__file__).with_name("pages")
TOKEN_COOKIE = "token"  # Source: README L2, the name in the guide
COOKIE_ATTRIBUTES = "Path=/; HttpOnly; SameSite=Lax"
TOKEN_FORM = re.compile(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")
LONGEST_TOKEN = 4000  # characters; browsers drop cookies over 4096 bytes
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class ShopService(Service):
    """`/shop/…`, and the redirect from `/`."""

    name = "shop"
    prefixes = ("/shop", "/")

    def __init__(self) -> None:
        self.table = Table(ROUTES)

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse POST requests from pages of other sites."""
        if call.request.method == "POST":
            refuse_foreign_origin(call.request)


def go_to_shop(_call: Call) -> Response:
    """Redirect the browser to the shop's page."""
    return Response(status=303, content_type="", headers=[("Location", "/shop/")])


def show_shop(call: Call) -> Response:
    """Show the shop with the player that the cookie names."""
    template = Template((PAGES / "shop.html").read_text(encoding="utf-8"))
    bridge = match_bridge_host(call.request, call.box.config.bridge)
    subject = _read_subject(call.request.parse_cookies().get(TOKEN_COOKIE, ""))
    player = call.box.login.find_player(user_id=subject) if subject else None
    signed_in = bool(call.request.parse_cookies().get(TOKEN_COOKIE))
    session = call.box.widget.sessions.get(call.request.parse_cookies().get(WIDGET_COOKIE, ""))
    talker = find_session_user(call.box.support, call.request.parse_cookies().get(MESSAGING_COOKIE, ""))
    page = template.substitute(
        bridge=escape(bridge), account_key=escape(call.box.config.account_key),
        players=_render_buttons(player.key if player else ""),
        who=escape(player.label if player else (subject or "someone") if signed_in else "Nobody"),
        signed_in=str(signed_in).lower(), hidden="" if signed_in else "hidden",
        chatting=str(session is not None and session.chat is not None).lower(),
        messaging_slug=escape(call.box.config.messaging_slug),
        talking=str(talker is not None and bool(talker.conversations)).lower(),
    )  # fmt: skip
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {bridge}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    headers = [
        ("Content-Security-Policy", policy),
        NO_STORE,
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Response(body=page.encode(), content_type="text/html; charset=utf-8", headers=headers)


def match_bridge_host(request: Request, bridge: str) -> str:
    """Return the bridge's URL with the loopback name of this page: cookies of 127.0.0.1 are not sent to localhost."""
    here = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    parts = urlsplit(bridge)
    if here in LOOPBACK_NAMES and parts.hostname in LOOPBACK_NAMES:
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{here}{port}"
    return bridge


def take_callback(call: Call) -> Response:
    """Set the cookie to the Login JWT of the callback; chat and Messaging of another person end first."""
    token = call.request.parse_query().get("token", "")
    if not TOKEN_FORM.match(token) or len(token) > LONGEST_TOKEN:
        raise Problem(400, "Bad Request", "The callback needs a token in the form of a JWT.")
    headers = [
        ("Set-Cookie", f"{TOKEN_COOKIE}={token}; {COOKIE_ATTRIBUTES}"),
        NO_STORE,
        ("Location", "/shop/"),
    ]
    before = call.request.parse_cookies().get(TOKEN_COOKIE, "")
    if before and _read_subject(before) != _read_subject(token):
        headers += _log_out_widgets(call)
    return Response(status=303, content_type="", headers=headers)


def sign_out(call: Call) -> Response:
    """Clear the cookies, end the chat and log Messaging out."""
    clear = ("Set-Cookie", f"{TOKEN_COOKIE}=; Max-Age=0; {COOKIE_ATTRIBUTES}")
    forget = [header for header in _log_out_widgets(call) if header[0] == "Set-Cookie"]
    return Response(status=303, content_type="", headers=[clear, *forget, ("Location", "/shop/")])


def show_file(call: Call) -> Response:
    """Answer one of the shop's own files. Raises: Problem 404."""
    name = call.params["name"]
    path = PAGES / name
    if Path(name).name != name or path.suffix not in TYPES or not path.is_file():
        raise Problem(404, "Not Found", "There is no such file.")
    headers = [("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff")]
    return Response(body=path.read_bytes(), content_type=TYPES[path.suffix], headers=headers)


def _log_out_widgets(call: Call) -> list[tuple[str, str]]:
    """Log both widgets out and return the headers. The body is a form, not the widget's JSON: only the cookie counts.

    Messaging needs it only when the browser has its cookie.
    """
    bare = Request("POST", "/widget/logout", "", call.request.headers, b"", call.request.peer, True)
    headers = log_out(Call(call.box, bare, {}, call.now_s, call.base)).headers
    has_messaging = MESSAGING_COOKIE in call.request.parse_cookies()
    return headers + (log_out_messaging(call).headers if has_messaging else [])


def _read_subject(token: str) -> str:
    """Return the user ID of a token, unverified, for display only; `""` when it is unreadable."""
    try:
        subject = decode_unverified(token).claims.get("sub", "")
    except TokenUnreadable:
        return ""
    return subject if isinstance(subject, str) else ""


def _render_buttons(current: str) -> str:
    """Return the demo players as HTML list items with buttons."""
    rows = []
    for player in PLAYERS:
        pressed = "true" if player.key == current else "false"
        rows.append(
            f'<li><button class="player" id="player-{player.key}" data-testid="player-{player.key}" name="player" '
            f'value="{player.key}" aria-pressed="{pressed}"><bdi>{escape(player.label)}</bdi>'
            f"<small>{escape(player.about)}</small></button></li>"
        )
    return "\n".join(rows)


ROUTES = [
    Route("GET", "", go_to_shop), Route("GET", "/", show_shop), Route("GET", "/callback", take_callback),
    Route("POST", "/sign-out", sign_out), Route("GET", "/{name}", show_file),
]  # fmt: skip
