"""Waits until the product responds, and builds the greeting of `up`."""

import http.client
import os
from collections.abc import Mapping, Sequence
from typing import Any

from zdbridge.up.launch_plan import LaunchPlan, find_reachable_host

PROBE_TIMEOUT_S = 5.0


def probe(*, host: str, port: int, path: str, name: str) -> tuple[int, str]:
    """GET `path` with the Host header `name`; return (status, first 300 characters), or status 0 without a response."""
    connection = http.client.HTTPConnection(find_reachable_host(host).strip("[]"), port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Host": name})
        response = connection.getresponse()
        return response.status, response.read(300).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


def find_missing(*, plan: LaunchPlan) -> str:
    """Return a sentence about what does not respond yet; "" when everything `plan` runs responds.

    It does not ask whether all is well: trouble of one integration must not delay the addresses.
    """
    if plan.has_sandbox:
        status, text = probe(host="127.0.0.1", port=plan.sandbox_port, path="/_control/stats", name="127.0.0.1")
        if status != http.HTTPStatus.OK:
            return f"The sandbox does not respond yet ({status or text})."
    if "web" in plan.roles:
        status, text = probe(host=plan.host, port=plan.port, path="/healthz", name=plan.probe_name)
        if status != http.HTTPStatus.OK:
            return f"The web role does not respond yet ({status or 'no answer'}: {text.strip()[:200]})."
    return ""


def build_greeting(*, plan: LaunchPlan, prepared: Mapping[str, Any]) -> str:
    """Return the text printed once everything responds; `prepared` is the result of `zdbridge.up.prepare`."""
    flaws = _list_flaws(prepared.get("flaws", ()))
    if not plan.is_whole:
        return "\n".join([f"The role {plan.roles[0]} is running. Press Ctrl-C to stop it.", *flaws])
    lines = ["", "zdbridge is ready.", f"  Dashboard   {plan.address}/", f"  Admin       {plan.address}/admin/"]
    if prepared.get("admin_link"):
        lines += [f"  First sign-in as administrator (the link works once):  {prepared['admin_link']}"]
        lines += [
            "  Shown until an administrator has a password. For another link: python3 manage.py create_admin_link"
        ]
    if prepared.get("admin_note"):
        lines += [f"  {prepared['admin_note']}"]
    if plan.has_sandbox:
        lines += [f"  Demo shop   {plan.shop_address}", f"  Sandbox     {plan.sandbox_address}/"]
    lines += [f"  Data        {plan.data_dir}"]
    people = prepared.get("people", ())
    if people:
        lines += ["", "  Demo accounts for the dashboard:", *(_describe_account(person) for person in people)]
    if os.geteuid() == 0:
        lines += ["", "  zdbridge runs as root. In production, use an account of its own."]
    lines += flaws
    if people:
        lines += _describe_steps(plan=plan, people=people)
    return "\n".join([*lines, "", "  Press Ctrl-C to stop everything.", ""])


def _describe_steps(*, plan: LaunchPlan, people: Sequence[Mapping[str, str]]) -> list[str]:
    """Return what to try in the demo, in three steps, and how to leave it."""
    lead = next((person for person in people if person["username"] == "lead"), people[0])
    password = f" with the password {lead['password']}" if lead["password"] else ""
    return [
        "",
        "  All people in the demo are invented. To try it:",
        f"    1. Open the shop: {plan.shop_address}",
        "    2. Sign in there as Nadia, open the chat and write a line. The chat shows a visitor ID.",
        f"    3. Open {plan.address}/, sign in as {lead['username']}{password}, and search for that visitor ID.",
        "",
        "  To leave the demo, stop and start again with: ZDBRIDGE_SANDBOX=0 python3 manage.py up --purge-demo",
    ]


def _list_flaws(sentences: Sequence[str]) -> list[str]:
    if not sentences:
        return []
    return ["", "  Needs attention:", *(f"    {sentence}" for sentence in sentences)]


def _describe_account(person: Mapping[str, str]) -> str:
    password = person["password"] or "(password was changed)"
    return f"    {person['username']:<10}{password:<26}group {person['group']}"
