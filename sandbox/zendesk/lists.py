"""Zendesk Chat's account, agents, departments and small lists: fixed, invented records. Source: README Z5.

Fields and types are those that published connectors declare or require.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.http1 import Response, respond_json
from sandbox.problem import Problem
from sandbox.routing import Call, Route, read_number
from sandbox.zendesk.shapes import AGENTS, DEPARTMENTS

LARGEST_AGENT_PAGE = 100  # Source: README Z5, 100 works and 500 answers 400; the limit lies between them.

AGENT_RECORDS: list[dict[str, Any]] = [
    {"id": int(agent_id), "first_name": name.split()[0], "last_name": name.split()[1], "display_name": name,
     "email": f"{name.split()[0].lower()}@support.example", "enabled": True, "role_id": 3 if place else 1,
     "create_date": "2025-03-04T09:00:00Z", "last_login": "2026-01-01T08:00:00Z" if place else None,
     "departments": [DEPARTMENTS[place % 2][0]], "enabled_departments": [DEPARTMENTS[place % 2][0]],
     "roles": {"administrator": place == 0, "owner": place == 0}, "skills": [], "scope": "all", "login_count": place}
    for place, (agent_id, name) in enumerate(AGENTS)
]  # fmt: skip

LISTS: dict[str, list[dict[str, Any]]] = {
    "departments": [
        {
            "id": number_,
            "name": name,
            "description": "",
            "enabled": True,
            "members": [1180021],
            "settings": {"chat_enabled": True},
        }
        for number_, name in DEPARTMENTS
    ],
    "shortcuts": [
        {
            "id": "hello",
            "name": "hello",
            "message": "Hello, how can we help?",
            "options": "",
            "tags": [],
            "scope": "all",
        }
    ],
    "triggers": [
        {
            "id": 51,
            "name": "Greet on checkout",
            "enabled": True,
            "description": "",
            "definition": {
                "event": "page_enter",
                "version": 1,
                "condition": ["and", ["gt", "@visitor_time_on_page", 30]],
                "actions": [["sendMessageToVisitor", "Payments", "Can we help?"]],
            },
        }
    ],
    "goals": [
        {
            "id": 61,
            "name": "Purchase",
            "description": "",
            "enabled": True,
            "attribution_model": "last_touch",
            "attribution_period": 15,
            "settings": {"conditions": [{"type": "url", "operator": "equals", "value": "https://shop.example/thanks"}]},
        }
    ],
    "skills": [{"id": 71, "name": "Português", "description": "", "enabled": True, "members": [1180021]}],
    "roles": [
        {
            "id": 1,
            "name": "Owner",
            "description": "",
            "enabled": True,
            "members_count": 1,
            "permissions": {"visitors_seen": "account"},
        },
        {
            "id": 3,
            "name": "Agent",
            "description": "",
            "enabled": True,
            "members_count": 2,
            "permissions": {"visitors_seen": "account"},
        },
    ],
}
# Counts are integers, values that can be unlimited are text: two connectors that ran against the vendor type them so.
PLAN: dict[str, Any] = {
    "name": "sandbox", "short_desc": "", "long_desc": "", "price": 0.0, "rest_api": True, "support": True, "sla": False,
    "max_agents": 10, "goals": 1, "max_departments": "unlimited", "max_concurrent_chats": "unlimited",
    "max_history_search_days": "unlimited", "max_basic_triggers": "unlimited", "max_advanced_triggers": "unlimited",
    "widget_customization": "full", "analytics": True, "integrations": True, "file_upload": True, "monitoring": True,
    "operating_hours": True, "unbranding": True, "ip_restriction": False, "high_load": False,
}  # fmt: skip
BILLING = dict.fromkeys(
    ("first_name", "last_name", "address1", "address2", "city", "state", "postal_code", "country_code", "phone",
     "additional_info"), ""
) | {"company": "Demo Games", "email": "billing@support.example", "cycle": 1}  # fmt: skip
ROUTING = {
    "routing_mode": "assigned",
    "chat_limit": {"enabled": False, "limit": 3, "limit_type": "account", "allow_agent_override": False},
    "skill_routing": {"enabled": False, "max_wait_time": 30},
    "reassignment": {"enabled": True, "timeout": 30},
    "auto_idle": {"enabled": False, "reassignments_before_idle": 3, "new_status": "away"},
}


def show_account(call: Call) -> Response:
    """Answer the account; a switch leaves `billing` out."""
    account: dict[str, Any] = {
        "account_key": call.box.config.account_key, "status": "active", "create_date": "2025-03-04T09:00:00Z",
        "plan": PLAN,
    }  # fmt: skip
    if call.box.switches.billing:
        account["billing"] = BILLING
    return respond_json(account)


def list_agents(call: Call) -> Response:
    """Answer agents from `since_id` on. Raises: Problem 400 for a limit over 100."""
    params = call.request.parse_query()
    limit = read_number(params, "limit", default=LARGEST_AGENT_PAGE, low=1, high=LARGEST_AGENT_PAGE)
    since_id = read_number(params, "since_id", default=0, low=0, high=10**15)
    return respond_json([agent for agent in AGENT_RECORDS if agent["id"] >= since_id][:limit])


def show_me(_call: Call) -> Response:
    """Answer the agent of the access token, an owner."""
    return respond_json(AGENT_RECORDS[0])


def show_agent(call: Call) -> Response:
    """Answer one agent."""
    return respond_json(_find_by_id(AGENT_RECORDS, call.params["agent_id"]))


def show_routing(_call: Call) -> Response:
    """Answer the account's routing settings, which a published connector reads as its connection test."""
    return respond_json({"data": ROUTING})


def _find_by_id(records: list[dict[str, Any]], record_id: str) -> dict[str, Any]:
    """Return the record with this ID. Raises: Problem 404."""
    record = next((item for item in records if str(item["id"]) == record_id), None)
    if record is None:
        raise Problem(404, "Not Found", "There is no such record.")
    return record


def _make_list(name: str) -> Callable[[Call], Response]:
    """Return the handler of a small list."""
    return lambda _call: respond_json(LISTS[name])


def _make_show(name: str) -> Callable[[Call], Response]:
    """Return the handler of one record of a small list."""
    return lambda call: respond_json(_find_by_id(LISTS[name], call.params["record_id"]))


ROUTES = [
    Route("GET", "/account", show_account),
    Route("GET", "/agents", list_agents),
    Route("GET", "/agents/me", show_me),
    Route("GET", "/agents/{agent_id}", show_agent),
    Route("GET", "/routing_settings/account", show_routing),
    *(Route("GET", f"/{name}", _make_list(name)) for name in LISTS),
    *(Route("GET", f"/{name}/{{record_id}}", _make_show(name)) for name in LISTS),
]
