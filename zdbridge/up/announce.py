"""Waiting until the product answers, and the words `up` greets with."""

import http.client
import os
from collections.abc import Mapping, Sequence
from typing import Any

from zdbridge.up.roles import Plan, reachable

PROBE_TIMEOUT_S = 5.0


def probe(*, host: str, port: int, path: str, name: str) -> tuple[int, str]:
    """GET `path` with the Host header `name`; return (status, first 300 characters), status 0 when nothing answers."""
    connection = http.client.HTTPConnection(reachable(host).strip("[]"), port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        return answer.status, answer.read(300).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


def missing(*, plan: Plan) -> str:
    """Return what does not serve yet, in words; empty when everything `plan` runs answers.

    Whether all is well is another question: one integration's trouble must not keep the addresses from anybody.
    """
    if plan.has_sandbox:
        status, _text = probe(host="127.0.0.1", port=plan.sandbox_port, path="/_control/stats", name="127.0.0.1")
        if status != http.HTTPStatus.OK:
            return f"the sandbox does not answer yet ({status or _text})"
    if "web" in plan.roles:
        status, text = probe(host=plan.host, port=plan.port, path="/healthz", name=plan.probe_name)
        if status != http.HTTPStatus.OK:
            return f"the web role does not answer yet ({status or 'no answer'}: {text.strip()[:200]})"
    return ""


def greeting(*, plan: Plan, prepared: Mapping[str, Any]) -> str:
    """Return what is printed once everything answers; `prepared` is the result of `zdbridge.up.prepare`."""
    flaws = _flaws(prepared.get("flaws", ()))
    if not plan.is_whole:
        return "\n".join([f"{plan.roles[0]} runs. Ctrl-C ends it.", *flaws])
    lines = ["", "zdbridge is ready.", f"  Dashboard   {plan.address}/", f"  Admin       {plan.address}/admin/"]
    if prepared.get("admin_link"):
        lines += [f"  First administrator, works once:  {prepared['admin_link']}"]
        lines += ["  (until an administrator has a password; later ones: python3 manage.py create_admin_link)"]
    if prepared.get("admin_note"):
        lines += [f"  {prepared['admin_note']}"]
    if plan.has_sandbox:
        lines += [f"  Demo shop   {plan.sandbox_address}/shop/", f"  Sandbox     {plan.sandbox_address}/"]
    if prepared.get("people"):
        lines += ["", "  Demo sign-ins for the dashboard:"]
        lines += [_person(person) for person in prepared["people"]]
        lines += ["  Demo players are offered on the shop's sign-in page."]
    if os.geteuid() == 0:
        lines += ["", "  Running as root: fine for a try, in production use an account of its own."]
    return "\n".join([*lines, *flaws, "", "  Ctrl-C ends everything.", ""])


def _flaws(sentences: Sequence[str]) -> list[str]:
    """Return what is wrong as lines below the greeting."""
    if not sentences:
        return []
    return ["", "  Not all is well:", *(f"    {sentence}" for sentence in sentences)]


def _person(person: Mapping[str, str]) -> str:
    password = person["password"] or "(password changed since)"
    return f"    {person['username']:<8}{password:<26}group {person['group']}"
