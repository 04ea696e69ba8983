"""The pages of Agent Workspace that links lead to: a person, and a ticket. Source: README M3, agent pages."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode

from sandbox.http1 import NO_STORE, Response
from sandbox.problem import Problem
from sandbox.routing import Call, Route, Service, Table
from sandbox.support import apps
from sandbox.world.box import Box
from sandbox.world.state import format_time


class AgentService(Service):
    """`/support/agent/…`, without a sign-in."""

    name = "agent"
    prefixes = ("/support/agent",)

    def __init__(self) -> None:
        self.table = Table([
            Route("GET", "/users/{user_id}", show_user), Route("GET", "/users/{user_id}/requested_tickets", show_user),
            Route("GET", "/tickets/{ticket_id}", show_ticket), *apps.ROUTES,
        ])  # fmt: skip

    def guard(self, call: Call, _route: Route, /) -> None:
        """Refuse nobody: the pages are for people, who come by links."""

    def render_problem(self, _box: Box, problem: Problem, /) -> Response:
        """Answer a page."""
        return _render_page(title="Not found", facts=[], status=problem.status)


def show_user(call: Call) -> Response:
    """Show a Support user as agents see it: name, external ID, tickets. Source: README M2.1."""
    people = call.box.support.people
    user = people.users.get(_parse_id(call.params["user_id"]))
    if user is None:
        raise Problem(404, "Not Found", "There is no such person.")
    tickets = [f"#{ticket.id} {ticket.subject}" for ticket in people.list_tickets(user.id)]
    state = "suspended" if user.suspended else "active" if user.active else "deleted"
    facts = [
        ("User ID", str(user.id)), ("External ID", user.external_id or "none"), ("E-mail", user.email or "none"),
        ("Role", user.role), ("State", state), ("Changed", format_time(user.updated_s)),
        ("Tickets", ", ".join(tickets) or "none"),
    ]  # fmt: skip
    return _render_page(
        title=user.name or "No name", facts=facts, app_url=_build_app_url(call, "user_sidebar", user.id)
    )


def show_ticket(call: Call) -> Response:
    """Show a ticket and who requested it."""
    ticket = call.box.support.people.tickets.get(_parse_id(call.params["ticket_id"]))
    if ticket is None:
        raise Problem(404, "Not Found", "There is no such ticket.")
    facts = [("Ticket", str(ticket.id)), ("Requester", str(ticket.requester_id)), ("Channel", "Messaging")]
    app_url = _build_app_url(call, "ticket_sidebar", ticket.requester_id)
    return _render_page(title=ticket.subject, facts=facts, app_url=app_url)


def _build_app_url(call: Call, location: str, user_id: int) -> str:
    return f"{call.base}/apps/{location}?{urlencode({'app': call.box.config.messaging_slug, 'person': user_id})}"


def _parse_id(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _render_page(*, title: str, facts: list[tuple[str, str]], status: int = 200, app_url: str = "") -> Response:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>" for name, value in facts)
    link = (
        f'<p><a id="with-app" href="{escape(app_url)}">The same page with the zdbridge app</a></p>' if app_url else ""
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)} · demo Zendesk Support</title>'
        '<link rel="icon" href="/shop/icon.svg"><link rel="stylesheet" href="/shop/shop.css"></head>'
        f'<body class="sign-in"><main><h1 id="person"><bdi>{escape(title)}</bdi></h1><dl>{rows}</dl>{link}</main>'
        "</body></html>"
    )
    return Response(status, page.encode(), "text/html; charset=utf-8", [NO_STORE])
