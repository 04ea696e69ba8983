"""Counts the calls of the sync against the sandbox and prints them beside the smallest number there can be.

    python benchmarks/sync_frugal.py [--visitors 5000] [--chats 10000] [--known 1000] [--port 9400]

A full pass, how soon everybody is linked whose address we signed a token for, and an hour of steady state with some
new visitors. Time stands still but for waits, so that an hour takes a minute.
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import timedelta
from typing import Any

from scratch import ROOT, StillTime, scratch_database, set_up

TOKEN = "sandbox-chat-token"  # noqa: S105 - the sandbox's own
MINUTES = 60
NEW_VISITORS = 30
FULL_LIMIT, KNOWN_LIMIT = 1.02, 1.10


def ask(url: str, body: dict[str, Any] | None = None) -> Any:
    """Return the sandbox's JSON answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
        return json.load(response)


def main() -> int:
    """Run and print; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("visitors", 5000), ("chats", 10_000), ("known", 1000), ("port", 9400)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    set_up()
    command = [sys.executable, "-m", "sandbox", "--port", str(options.port)]
    sandbox = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{options.port}")
        with scratch_database():
            return measure(options)
    finally:
        sandbox.terminate()
        sandbox.wait()


def wait_for(url: str) -> None:
    """Wait until the sandbox answers."""
    for _ in range(200):
        try:
            ask(f"{url}/_control/stats")
            return
        except urllib.error.URLError:
            time.sleep(0.05)
    raise SystemExit("The sandbox did not start.")


def measure(options: argparse.Namespace) -> int:
    """Count calls of each kind, in the order they leave."""
    from linking.clients.zendesk_chat import ChatClient
    from linking.models import LoginUser, VisitorLink

    url = f"http://127.0.0.1:{options.port}"
    ask(f"{url}/_control/reset", {"empty": True})
    ask(f"{url}/_control/faults", {"limit_per_minute": 0})
    ask(f"{url}/_control/seed", {"visitors": options.visitors, "chats": options.chats, "ties": 1500, "gone": 20,
                                 "aliases": 50, "shared": 50, "seed": 9})  # fmt: skip
    truth = ask(f"{url}/_control/truth?limit=2000000")["truth"]
    calls: list[tuple[str, str]] = []
    for name in ("export_page", "visitor", "bans_page"):
        setattr(ChatClient, name, counting(getattr(ChatClient, name), name=name, calls=calls))
    run, still = make_run(url)
    known = sign_tokens(url, truth=truth, number=options.known, now=still.now)
    began = time.perf_counter()
    report = run()
    elapsed_s = time.perf_counter() - began
    mapping = dict(VisitorLink.objects.open().values_list("visitor__visitor_id", "login_user__user_id"))
    print(f"full pass: {report.reason or 'complete'}, mapping is the truth: {mapping == truth}, {elapsed_s:.0f} s")
    kinds = Counter(kind for kind, _ in calls)
    asked_at = [place for place, (kind, one) in enumerate(calls, start=1) if kind == "visitor" and one in known]
    rows = [
        ("full pass", len(calls), kinds["export_page"] + report.run.visitors_found, FULL_LIMIT),
        ("every rankable link known", max(asked_at), kinds["export_page"] + len(known), KNOWN_LIMIT),
    ]
    calls.clear()
    steady(url, run=run, still=still)
    kinds = Counter(kind for kind, _ in calls)
    number = kinds["export_page"] + kinds["visitor"]
    rows.append((f"{MINUTES} min, {NEW_VISITORS} new visitors", number, MINUTES + NEW_VISITORS, 1.0))
    for name, number, least, limit in rows:
        print(f"{name:32} {number:7} calls, least {least:7}, {number / least:.3f} (limit {limit:.2f})")
    print(
        f"and for bans in that hour {kinds['bans_page']:14} calls; signed tokens {LoginUser.objects.issued().count()}"
    )
    return int(mapping != truth or any(number > limit * least for _, number, least, limit in rows))


def counting(call: Any, *, name: str, calls: list[tuple[str, str]]) -> Any:
    """Return `call`, noted when it is made."""

    def noted(self: Any, **options: Any) -> Any:
        calls.append((name, str(options.get("visitor_id", ""))))
        return call(self, **options)

    return noted


def make_run(url: str) -> tuple[Any, StillTime]:
    """Return what runs one scheduled pass, and its clock."""
    from linking import registry
    from linking.core.config import SecretName
    from linking.models import ConfigVersion, Integration, keep_secret
    from linking.sync import run as sync
    from linking.sync.calls_with_retries import Clock, Patience

    still = StillTime()
    row = Integration.objects.create(
        slug="bench", name="Bench", login_project_id="p", zendesk_api_url=f"{url}/api/v2/chat",
        requests_per_minute=100_000,
    )  # fmt: skip
    name = SecretName.ZENDESK_ACCESS_TOKEN
    keep_secret(integration=row, name=name, plain=TOKEN, actor="benchmark", now=still.now)
    ConfigVersion.bump()
    registry.refresh()
    clock = Clock(now=lambda: still.now, sleep=still.sleep)

    def run() -> Any:
        return sync.run_pass(
            integration_id=row.pk, trigger="schedule", clock=clock, patience=Patience(longest_wait_s=60.0),
            allow_loopback=True,
        )  # fmt: skip

    return run, still


def sign_tokens(url: str, *, truth: dict[str, str], number: int, now: Any) -> set[str]:
    """Note tokens for some linked visitors that have an address; return the ids their chats carry."""
    from linking.models import LoginUser

    found: dict[str, tuple[str, str]] = {}
    start = "start_time=0"
    while len(found) < number:
        page = ask(f"{url}/api/v2/chat/incremental/chats?{start}&fields=chats(id,visitor)")
        for chat in page["chats"]:
            visitor = chat["visitor"]
            if visitor["email"] and visitor["id"] in truth and len(found) < number:
                found.setdefault(visitor["email"], (truth[visitor["id"]], visitor["id"]))
        if page["count"] < 1000:
            break
        start = f"start_time={page['end_time']}&start_id={page['end_id']}"
    LoginUser.objects.bulk_create(
        [
            LoginUser(integration_id=integration_id(), user_id=user_id, email=email, first_authenticated_at=now,
                      last_authenticated_at=now, tokens_issued=1, is_seen_in_chat=True)
            for email, (user_id, _) in found.items()
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return {visitor_id for _, visitor_id in found.values()}


def integration_id() -> int:
    """Return the key of the only integration."""
    from linking.models import Integration

    return Integration.objects.get().pk


def steady(url: str, *, run: Any, still: StillTime) -> None:
    """Let an hour pass, in which some new visitors chat."""
    base_s = 1_767_312_000 + 8 * 86_400
    for minute in range(MINUTES):
        if minute < NEW_VISITORS:
            visitor_id = f"7700123.newOne{minute:04}"
            ask(f"{url}/_control/visitors", {"id": visitor_id, "name": "New", "external_id": f"new-{minute}"})
            at_s = base_s + 60 * minute
            chat = {"id": f"2601.7700123.new{minute:04}", "visitor_id": visitor_id}
            ask(f"{url}/_control/chats", chat | {"timestamp": at_s, "update_timestamp": at_s})
        still.now += timedelta(minutes=1)
        run()


if __name__ == "__main__":
    raise SystemExit(main())
