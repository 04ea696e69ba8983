"""Kills the sync's processes with SIGKILL at random moments and holds what is stored against the truth in the end.

    python tests/faults/kill_loop.py --kills 20 [--seed 1] [--visitors 2000] [--port 9410]
    python tests/faults/kill_loop.py --kills 20 --database postgresql:///NAME --redis redis://127.0.0.1:6379/7

A sandbox, a worker and a scheduler run as `manage.py up --only …` starts them, on a scratch folder and, unless named
otherwise, on SQLite and the folder broker. The database named must be a scratch one. Prints the seed, every kill, how
long it took until the sync went on, and lost and doubled links; ends with 1 when there are any. Not part of the tests.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "sandbox-chat-token"
SLUG = "kill-loop"
ROLES = ("worker", "beat")
RESUME_LIMIT_S = 60.0
TIME_LIMIT_S = 3_600.0


def main():
    options = read_options(defaults={"kills": 20, "seed": 1, "visitors": 2000, "port": 9410, "per-minute": 3000})
    set_environment(options, folder=tempfile.mkdtemp(prefix="zdbridge-kill-"))
    started = []
    try:
        started.append(start("-m", "sandbox", "--port", str(options.port)))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, check=True)
        truth = prepare(options)
        started += [start("manage.py", "up", "--only", role) for role in ROLES]
        return loop(options, started=started, truth=truth)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=60)


def read_options(*, defaults):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--database", default="")
    parser.add_argument("--redis", default="")
    return parser.parse_args()


def set_environment(options, *, folder):
    os.environ |= {
        "ZDBRIDGE_DATA_DIR": folder,
        "ZDBRIDGE_ALLOW_LOOPBACK": "1",
        "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
        "DATABASE_URL": options.database or f"sqlite:///{folder}/kill.sqlite3",
        "REDIS_URL": options.redis,
    }


def start(*arguments):
    log = Path(os.environ["ZDBRIDGE_DATA_DIR"]) / "kill.log"
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=out, stderr=out)


def control(options, name, wishes=None):
    data = None if wishes is None else json.dumps(wishes).encode()
    for _ in range(200):
        try:
            url = f"http://127.0.0.1:{options.port}/_control/{name}"
            with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=60) as response:
                return json.load(response)
        except urllib.error.URLError:
            time.sleep(0.1)
    raise SystemExit("The sandbox does not answer.")


def prepare(options):
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.utils import timezone

    from linking.core.config import SecretName
    from linking.models import ConfigVersion, Integration, keep_secret

    control(options, "reset", {"empty": True})
    control(options, "faults", {"limit_per_minute": 0})
    control(options, "seed", {"visitors": options.visitors, "chats": 2 * options.visitors, "ties": 1200, "aliases": 40,
                              "shared": 40, "gone": 20, "seed": options.seed})  # fmt: skip
    Integration.objects.filter(slug=SLUG).delete()
    row = Integration.objects.create(
        slug=SLUG, name=SLUG, login_project_id=SLUG, requests_per_minute=options.per_minute,
        zendesk_api_url=f"http://127.0.0.1:{options.port}/api/v2/chat",
    )  # fmt: skip
    name = SecretName.ZENDESK_ACCESS_TOKEN
    keep_secret(integration=row, name=name, plain=TOKEN, actor="kill loop", now=timezone.now())
    ConfigVersion.bump()
    return control(options, "truth?limit=2000000")["truth"]


def revive(started):
    """Start a role again whose `up` itself has ended, as the machine's service manager would."""
    for place, role in enumerate(ROLES, start=1):
        if started[place].poll() is not None:
            print(f"`up --only {role}` had ended with {started[place].returncode}; started again", flush=True)
            started[place] = start("manage.py", "up", "--only", role)


def loop(options, *, started, truth):
    from linking.models import Integration, SyncRun, Visitor

    rng, began = random.Random(options.seed), time.monotonic()
    mine = Integration.objects.get(slug=SLUG)
    runs = SyncRun.objects.filter(integration=mine)
    resumes, kills = [], 0
    print(f"seed {options.seed}: {options.visitors} visitors, {len(truth)} links to find", flush=True)
    while kills < options.kills and time.monotonic() - began < TIME_LIMIT_S:
        if (
            runs.filter(state="complete", lookups__gt=0).exists()
            and not Visitor.objects.filter(integration=mine, lookup_due_at__isnull=False).exists()
        ):
            # All done before the last kill: everything is asked for once more.
            Visitor.objects.filter(integration=mine).update(lookup_due_at=mine.created_at)
        time.sleep(rng.uniform(0.2, 6.0))
        wait_for_a_pass(runs, started=started)
        victims = [pid for process in started[1:] for pid in below(process.pid)]
        if not victims:
            continue
        victim = rng.choice(victims)
        name = Path(f"/proc/{victim}/cmdline").read_bytes().replace(b"\0", b" ").decode()[-60:] if alive(victim) else ""
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        kills += 1
        resumes.append(seconds_until_it_goes_on(runs, integration=mine, started=started))
        print(f"kill {kills}: {name.strip()} → went on after {resumes[-1]:.1f} s", flush=True)
    return verdict(mine, truth=truth, resumes=resumes, began=began)


def wait_for_a_pass(runs, *, started):
    """Wait until a first pass has begun: what is to be killed is work, not a start."""
    while not runs.exists():
        time.sleep(0.1)
        revive(started)


def seconds_until_it_goes_on(runs, *, integration, started):
    before, began = marks(runs, integration), time.monotonic()
    while marks(runs, integration) == before and time.monotonic() - began < 3 * RESUME_LIMIT_S:
        time.sleep(0.1)
        revive(started)
    return time.monotonic() - began


def marks(runs, integration):
    return runs.count(), list(runs.order_by("-pk").values_list("calls", "lookups", "state")[:1])


def verdict(mine, *, truth, resumes, began):
    from django.db.models import Count

    from linking.models import Visitor, VisitorLink

    while Visitor.objects.filter(integration=mine, lookup_due_at__isnull=False).exists():
        time.sleep(0.5)
        if time.monotonic() - began > TIME_LIMIT_S:
            break
    links = VisitorLink.objects.filter(visitor__integration=mine)
    found = dict(links.open().values_list("visitor__visitor_id", "login_user__user_id"))
    lost = {one: user for one, user in truth.items() if found.get(one) != user}
    doubled = links.values("visitor", "login_user").annotate(number=Count("id")).filter(number__gt=1).count()
    took_s, more = time.monotonic() - began, len(found) - len(truth)
    print(f"{len(resumes)} kills in {took_s:.0f} s: {len(lost)} lost, {more} too many, {doubled} doubled", end=", ")
    print(f"went on after {max(resumes):.1f} s at most")
    return int(bool(lost or doubled or len(found) != len(truth) or max(resumes) > RESUME_LIMIT_S))


def alive(pid):
    return Path(f"/proc/{pid}").exists()


def below(pid):
    """Return the processes below one, children first."""
    found = []
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    for child in children:
        found += [int(child), *below(int(child))]
    return found


if __name__ == "__main__":
    raise SystemExit(main())
