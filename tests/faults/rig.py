"""What the fault programs share: the product's roles as real processes beside a sandbox, and what is judged in the end.

`manage.py up --only …` starts each role, on a scratch folder. One account is read, and while that goes on somebody may
ask for a token a few times a second and note every answer.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLUG = "faults"
TOKEN = "sandbox-chat-token"
ROLES = ("worker", "beat", "web")
LOG_NAME = "roles.log"
PLAYERS = 100
START_LIMIT_S = 300.0
AWAY = "away"


def read_options(*, about, defaults, flags=(), texts=()):
    """Read whole numbers, flags and texts from the command line; every program has these four besides."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    for name, default in ({"seed": 1, "visitors": 2000, "port": 9410, "per-minute": 3000} | defaults).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    for name in flags:
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("database", "redis", *texts):
        parser.add_argument(f"--{name}", default="")
    return parser.parse_args()


class Rig:
    """A running installation. `port` is the sandbox's, the one after it the web role's.

    Args:
        roles: what runs, in this order; a role named twice runs twice, each on a data folder of its own. `all` is one
            `manage.py up` for everything.
        environment: variables over those this class sets; `database` and `redis` of the options are put in already.
        preload: variables for the roles alone.
        world: what the sandbox is seeded with, over the usual.
    """

    def __init__(self, options, *, roles=ROLES, environment=None, preload=None, world=None):
        self.options, self.roles, self.preload, self.world = options, roles, preload or {}, world or {}
        self.clock_ahead_s = 0
        self.folder = Path(tempfile.mkdtemp(prefix="zdbridge-faults-"))
        os.environ |= {
            "ZDBRIDGE_DATA_DIR": str(self.folder),
            "ZDBRIDGE_PORT": str(options.port + 1),
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "DJANGO_SETTINGS_MODULE": "zdbridge.settings",
            "DATABASE_URL": options.database or f"sqlite:///{self.folder}/faults.sqlite3",
            "REDIS_URL": options.redis,
        } | (environment or {})
        self.processes = []
        self.sandbox = None

    def __enter__(self):
        # Told to end, this program ends what it started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_error):
        self._end()

    def _begin(self):
        # A sandbox of somebody else's there would be filled anew under that one's feet.
        for port in (self.options.port, self.options.port + 1):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    sys.exit(f"Port {port} is taken: choose another --port.")
        self.sandbox = self._run("-m", "sandbox", "--port", str(self.options.port))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, check=True)
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        self._fill()
        self.processes = [self.start_role(place) for place in range(len(self.roles))]
        if {"web", "all"} & set(self.roles):
            self._wait_for_web()

    def _end(self):
        started = [one for one in (*self.processes, self.sandbox) if one is not None]
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=60)

    def _run(self, *arguments, environment=None):
        with (self.folder / LOG_NAME).open("ab") as out:
            every = os.environ | (environment or {})
            return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=out, stderr=out, env=every)

    def start_role(self, place):
        """Start the role at `place`; the first of a name runs on the rig's folder, a twin on one of its own."""
        role = self.roles[place]
        twin = self.roles[:place].count(role)
        apart = dict(self.preload)
        if twin:
            folder = self.folder / f"{role}-{twin}"
            folder.mkdir(mode=0o700, exist_ok=True)
            apart["ZDBRIDGE_DATA_DIR"] = str(folder)
            for name in ("secret_key", "seal_keys"):
                apart[f"ZDBRIDGE_{name.upper()}"] = (self.folder / name).read_text().strip()
        if role == "all":
            return self._run("manage.py", "up", environment=apart | {"ZDBRIDGE_SANDBOX": "0"})
        return self._run("manage.py", "up", "--only", role, environment=apart)

    def revive(self):
        """Start a role again whose `up` itself has ended, as the machine's service manager would."""
        for place, process in enumerate(self.processes):
            if process.poll() is not None:
                print(f"`up --only {self.roles[place]}` had ended with {process.returncode}; started again", flush=True)
                self.processes[place] = self.start_role(place)

    # --- the other side ------------------------------------------------------------------------------------------

    def control(self, name, wishes=None):
        data = None if wishes is None else json.dumps(wishes).encode()
        url = f"http://127.0.0.1:{self.options.port}/_control/{name}"
        for _ in range(200):
            try:
                with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=120) as response:
                    return json.load(response)
            except urllib.error.URLError:
                time.sleep(0.1)
        raise SystemExit("The sandbox does not answer.")

    def _fill(self):
        from linking.models import Integration
        from tests.factories import make_integration

        size = self.options.visitors
        self.control("reset", {"empty": True})
        self.control("faults", {"limit_per_minute": 0})
        odd = {"ties": 1200, "aliases": 40, "shared": 40, "gone": 20}
        plan = {"visitors": size, "chats": 2 * size, "seed": self.options.seed}
        self.control("seed", plan | odd | self.world)
        self.truth = self.control("truth?limit=2000000")["truth"]
        Integration.objects.filter(slug=SLUG).delete()
        self.mine = make_integration(
            slug=SLUG,
            secrets={"zendesk_access_token": TOKEN},
            requests_per_minute=self.options.per_minute,
            zendesk_api_url=f"http://127.0.0.1:{self.options.port}/api/v2/chat",
        )
        print(f"seed {self.options.seed}: {size} visitors, {len(self.truth)} links to find, in {self.folder}")

    def chat_calls(self):
        """Return how many calls Chat answered, and the most in any 60 s."""
        stats = self.control("stats")
        return stats["zendesk_calls"], stats["per_minute_max"]

    # --- what the store says -------------------------------------------------------------------------------------

    def look(self, call, *, patience_s=90.0):
        """Return what `call` reads from the database, which may be away for a while."""
        from django.db import Error as StoreError
        from django.db import connection

        end = time.monotonic() + patience_s
        while True:
            try:
                return call()
            except StoreError:
                connection.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    @property
    def runs(self):
        from linking.models import SyncRun

        return SyncRun.objects.filter(integration=self.mine)

    @property
    def visitors(self):
        from linking.models import Visitor

        return Visitor.objects.filter(integration=self.mine)

    def calls_noted(self):
        """Return how many calls all passes noted together: it grows when work is done, and by nothing else."""
        from django.db.models import Sum

        return self.look(lambda: self.runs.aggregate(all=Sum("calls"))["all"] or 0)

    def wait_for_a_pass(self):
        """Wait until a first pass has begun: what is to be disturbed is work, not a start."""
        while not self.calls_noted():
            time.sleep(0.1)
            self.revive()

    def seconds_until_it_goes_on(self, *, limit_s=180.0):
        """Return how long it takes until another call was made and noted."""
        before, began = self.calls_noted(), time.monotonic()
        while self.calls_noted() == before and time.monotonic() - began < limit_s:
            time.sleep(0.1)
            self.revive()
        return time.monotonic() - began

    def keep_busy(self, *, at_least=2000):
        """Let everything be asked for once more where little is left: there must be work to disturb."""
        waiting = self.visitors.filter(lookup_due_at__isnull=False)
        is_read = self.look(lambda: type(self.mine).objects.values_list("is_caught_up", flat=True).get(pk=self.mine.pk))
        if is_read and self.look(waiting.count) < min(at_least, self.options.visitors // 4):
            print("nearly all asked about; everything is asked for once more", flush=True)
            self.look(lambda: self.visitors.update(lookup_due_at=self.mine.created_at))

    def hurry(self):
        """Lift the budget, so that the end comes soon."""
        type(self.mine).objects.filter(pk=self.mine.pk).update(requests_per_minute=100_000)

    def settle(self, *, limit_s=1800.0):
        """Wait until nobody is left to ask about, then hold the links against the truth.

        Whoever still waits after `limit_s` is left to ask about, and neither lost nor found.
        """
        from django.db.models import Count

        from linking.models import VisitorLink

        end = time.monotonic() + limit_s
        waiting = self.visitors.filter(lookup_due_at__isnull=False)
        complete = self.runs.filter(state="complete")
        while self.look(lambda: waiting.exists() or not complete.exists()) and time.monotonic() < end:
            time.sleep(0.5)
            self.revive()
        links = VisitorLink.objects.filter(visitor__integration=self.mine)
        if getattr(self.options, "spoil", False):
            print("spoiled on purpose: one open link taken away")
            links.open().first().delete()
        found = self.look(lambda: dict(links.open().values_list("visitor__visitor_id", "login_user__user_id")))
        late = set(self.look(lambda: list(waiting.values_list("visitor_id", flat=True))))
        kept = set(self.look(lambda: list(self.visitors.values_list("visitor_id", flat=True)))) - late
        # A visitor may wait under another id than its own: who is not there at all is lost once nobody waits.
        due = self.truth.keys() & kept if late else self.truth.keys()
        twice = links.values("visitor", "login_user").annotate(number=Count("id")).filter(number__gt=1)
        return {
            "left to ask about": len(late),
            "lost": sum(found.get(visitor_id) != self.truth[visitor_id] for visitor_id in due),
            "too many": len(found.keys() - self.truth.keys()),
            "doubled": self.look(twice.count),
        }

    # --- the token endpoint --------------------------------------------------------------------------------------

    def ask_token(self, *, player=0, timeout_s=5.0):
        """Ask for a token as one of the players; return the status, or `away` where nobody answered."""
        return asked(port=self.options.port + 1, login_jwt=self.login_jwt(player), timeout_s=timeout_s)

    def login_jwt(self, player):
        """Return a fresh Login JWT of one of the players, all of whom were seen in Chat."""
        from tests.factories import login_jwt

        if not hasattr(self, "_players"):
            self._players = sorted(set(self.truth.values()))[:PLAYERS]
        user_id = self._players[player % len(self._players)]
        now = int(time.time()) + self.clock_ahead_s
        return login_jwt(now=now, sub=user_id, email=f"{user_id}@player.example", username=user_id)

    def _wait_for_web(self):
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            if self.ask_token() == 200:
                return
            time.sleep(0.1)
        raise SystemExit("The token endpoint does not answer.")

    @contextmanager
    def tokens_asked_for(self, *, per_second=5):
        """Ask for tokens while the block runs; yields the tally of answers and the longest time without a token."""
        watch = TokenWatch(self, per_second=per_second)
        watch.start()
        try:
            yield watch
        finally:
            watch.is_over.set()
            watch.join(timeout=30)


class TokenWatch(threading.Thread):
    """Asks for a token so many times a second and notes each answer."""

    def __init__(self, rig, *, per_second):
        super().__init__(daemon=True)
        self.rig, self.pause_s = rig, 1 / per_second
        self.answers, self.slowest_s, self.longest_without_s = Counter(), 0.0, 0.0
        self.good_at = time.monotonic()
        self.is_over = threading.Event()

    def run(self):
        number, due = 0, time.monotonic()
        while not self.is_over.is_set():
            number, began = number + 1, time.monotonic()
            status = self.rig.ask_token(player=number)
            now = time.monotonic()
            self.answers[status] += 1
            self.slowest_s = max(self.slowest_s, now - began)
            self.longest_without_s = max(self.longest_without_s, now - self.good_at)
            self.good_at = now if status == 200 else self.good_at
            due = max(due + self.pause_s, now - 1)
            self.is_over.wait(max(0.0, due - time.monotonic()))

    def wait_for_one(self, *, revive, limit_s=180.0):
        """Wait until a token was given that was asked for about now."""
        began = time.monotonic()
        while self.good_at < began and time.monotonic() < began + limit_s:
            time.sleep(0.1)
            revive()

    @property
    def others(self):
        """How many answers were none, or another one than a token."""
        return sum(number for status, number in self.answers.items() if status != 200)

    def __str__(self):
        told = ", ".join(f"{number} × {status}" for status, number in sorted(self.answers.items(), key=str))
        return f"tokens: {told}; slowest {self.slowest_s:.2f} s, longest without {self.longest_without_s:.1f} s"


def asked(*, port, login_jwt, timeout_s=5.0):
    """Ask for a token once over a new connection; return the status, or `away` where nobody answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", "/generate/token", headers={"Authorization": f"Bearer {login_jwt}"})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return AWAY
    finally:
        connection.close()


def children(pid):
    """Return the children of a process."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def below(pid):
    """Return the processes below one, children first."""
    return [found for child in children(pid) for found in (child, *below(child))]


def verdict(*, flaws, told):
    """Print what was seen and, last, whether it is as promised; return the exit code.

    Args:
        flaws: what went against a promise, in words; empty ones do not count.
    """
    print(told)
    real = [one for one in flaws if one]
    print(f"VERDICT: {'as promised' if not real else 'BROKEN: ' + '; '.join(real)}", flush=True)
    return int(bool(real))


def mapping_flaws(found):
    """Return the flaws in what `Rig.settle` found."""
    return [f"{number} {name}" for name, number in found.items() if number]


def told(found):
    """Return what `Rig.settle` found, as one line."""
    return ", ".join(f"{number} {name}" for name, number in found.items())
