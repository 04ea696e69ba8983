"""Zendesk's page around an app: its frame, the signed start posted into it, and the script that apps speak through.

`/support/agent/apps/{location}` shows the app of an integration beside a person, who can be switched, in a theme that
can be switched too. Source: README M12.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.http1 import NO_STORE, Response
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.support.panel import APP_ID, AUDIENCE, sign_start
from sandbox.world.box import Box

PAGES = Path(__file__).with_name("pages")
SDK_PREFIX = "/zendesk_app_framework_sdk"
LOCATIONS = {"ticket_sidebar": "Ticket", "user_sidebar": "User", "chat_sidebar": "Chat"}
THEMES = ("light", "dark")
PEOPLE_SHOWN = 60
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
MESSAGING_INSTALLATION = AUDIENCE.replace("/5001.", "/5002.")
# What the installation's form holds. Source: README M12, an app's settings reach it as metadata.
SETTINGS = {"publisher_account_url": "https://publisher.xsolla.com/77001/projects/44056/login/users/{user_id}"}
STARTS = {
    "good": "good",
    "expired": "expired",
    "foreign-key": "signed with another app's key",
    "foreign-installation": "for another installation",
    "foreign-account": "from another account",
    "replayed": "the token of the page before, again",
    "none": "without a token",
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class SDKService(Service):
    """The script that an app loads from Zendesk's host."""

    name = "sdk"
    prefixes = (SDK_PREFIX,)

    def __init__(self) -> None:
        self.table = Table([Route("GET", "/2.0/zaf_sdk.min.js", lambda _call: _answer_file("zaf_sdk.js"))])

    def guard(self, _call: Call, _route: Route, /) -> None:
        """Refuse nobody: every app loads it."""

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer a text."""
        return Response(problem.status, problem.description.encode(), "text/plain; charset=utf-8")


def show_app(call: Call) -> Response:
    """Show the agent's page with the app in its frame."""
    location, query = call.params["location"], call.request.parse_query()
    if location not in LOCATIONS:
        raise Problem(404, "Not Found", "Apps have no such location.")
    slug = query.get("app") or ("demo" if location == "chat_sidebar" else call.box.config.messaging_slug)
    start = query.get("start", "good")
    theme = query.get("theme", "light")
    people = _list_people(call.box, location=location)
    labels = {str(place): str(one["label"]) for place, one in enumerate(people)}
    bridge = _find_origin(call.box.config.bridge)
    data = json.dumps({"people": people, "settings": SETTINGS, "location": location, "bridge": bridge})
    template = Template((PAGES / "app.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=LOCATIONS[location],
        location=location,
        slug=escape(slug),
        theme=theme if theme in THEMES else "light",
        tabs=_render_tabs(call, location=location, slug=slug),
        starts=_render_options(STARTS, chosen=start),
        themes=_render_options({name: name for name in THEMES}, chosen=theme),
        people=_render_options(labels, chosen=_find(people, query.get("person", ""))),
        data=data.replace("<", "\\u003c"),
        action=escape(_build_action(call, slug=slug, theme=theme)),
        token=escape(_make_token(call, location=location, slug=slug, start=start)),
    )  # fmt: skip
    return Response(200, page.encode(), "text/html; charset=utf-8", [NO_STORE])


def show_file(call: Call) -> Response:
    """Answer a script or style of the page."""
    return _answer_file(call.params["name"])


def _answer_file(name: str) -> Response:
    path = PAGES / name
    if Path(name).name != name or path.suffix not in _TYPES or not path.is_file():
        raise Problem(404, "Not Found", "There is no such file.")
    return Response(200, path.read_bytes(), _TYPES[path.suffix], [("Cache-Control", "no-cache")])


def _make_token(call: Call, *, location: str, slug: str, start: str) -> str:
    """Return the token to post: a fresh one, the last one again, or one that is wrong on purpose."""
    book = call.box.support
    if start == "none":
        return ""
    if start == "replayed" and book.last_start:
        return book.last_start
    now_s = int(call.now_s)
    audience = AUDIENCE if slug == "demo" else MESSAGING_INSTALLATION
    wrong: dict[str, dict[str, Any]] = {
        "expired": {"iat": now_s - 900, "nbf": now_s - 900, "exp": now_s - 600},
        "foreign-installation": {"aud": audience.replace("/500", "/900")},
        "foreign-account": {"iss": "elsewhere.zendesk.com"},
    }
    changes = {"aud": audience} | wrong.get(start, {})
    token = sign_start(now_s=call.now_s, location=location, changes=changes, is_foreign=start == "foreign-key")
    book.last_start = token
    return token


def _build_action(call: Call, *, slug: str, theme: str) -> str:
    """Return the frame's address, with what Zendesk adds to it. Source: README M12."""
    added = {"origin": call.request.build_origin(), "app_guid": f"sandbox-app-{APP_ID}", "colorScheme": theme}
    return f"{call.box.config.bridge}/panel/{slug}/?{urlencode(added)}"


def _list_people(box: Box, *, location: str) -> list[dict[str, Any]]:
    """Return whom the page can be about, each with what Zendesk's client would tell."""
    if location == "chat_sidebar":
        visitors = list(box.world.visitors.values())[:PEOPLE_SHOWN]
        people = [_describe_visitor(visitor.id, label=visitor.name or visitor.id) for visitor in visitors]
        return [*people, _describe_visitor("7700123.NobodyAtAll99", label="Somebody unknown")]
    users = [user for user in box.support.people.users.values() if user.role == "end-user"][:PEOPLE_SHOWN]
    people = [_describe_user(user.id, name=user.name, external_id=user.external_id) for user in users]
    unknown = _describe_user(21_478_830_999_999, name="Somebody unknown", external_id=UNKNOWN_ID)
    return [*people, unknown, _describe_user(None, name="Nobody", external_id=None)]


def _describe_visitor(visitor_id: str, *, label: str) -> dict[str, Any]:
    # Source: README Z3.3, how the framework writes a visitor's ID.
    return {"id": visitor_id, "label": label, "nick": f"visitor:{visitor_id.replace('.', '-', 1)}"}


def _describe_user(user_id: int | None, *, name: str, external_id: str | None) -> dict[str, Any]:
    label = name or str(user_id)
    return {
        "id": user_id,
        "label": label if external_id else f"{label} (without external ID)",
        "name": name,
        "externalId": external_id,
    }


def _find(people: list[dict[str, Any]], chosen: str) -> str:
    return next((str(place) for place, one in enumerate(people) if chosen and str(one["id"]) == chosen), "0")


def _find_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _render_options(options: dict[str, str], *, chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label[:80])}</option>'
        for value, label in options.items()
    )


def _render_tabs(call: Call, *, location: str, slug: str) -> str:
    tabs = []
    for name, title in LOCATIONS.items():
        # Chat's visitors belong to the integration of Chat, users and tickets to that of Messaging.
        other = "demo" if name == "chat_sidebar" else call.box.config.messaging_slug
        app = slug if name == location else other
        current = ' aria-current="page"' if name == location else ""
        tabs.append(f'<a href="{call.base}/apps/{name}?{escape(urlencode({"app": app}))}"{current}>{title}</a>')
    return "".join(tabs)


ROUTES = [
    Route("GET", "/apps/{location}", show_app),
    Route("GET", "/files/{name}", show_file),
]
