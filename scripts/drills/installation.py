"""A scratch installation: a data folder, a store, the sandbox, and the roles as `up --only` runs them."""

import http
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from scripts.drills.processes import list_descendants, read_command
from scripts.drills.report import DrillFailed
from scripts.drills.servers import STOP_LIMIT_S, Server, answers, build_postgres, build_redis, wait_until
from scripts.drills.traffic import Players

ROOT = Path(__file__).resolve().parents[2]
SLUG = "demo"
READY_LIMIT_S, COMMAND_LIMIT_S = 240.0, 600.0
KEEPER = "zdbridge/up/keeper.py"
# From the first port: two web roles, the sandbox, PostgreSQL, Redis.
WEB, SECOND_WEB, SANDBOX, POSTGRES, REDIS = range(5)
# Ours, and those of a shell that works on another installation.
_NOT_INHERITED = ("ZDBRIDGE_", "XSOLLA_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH", "PG")


class Role:
    """One `up --only ROLE` in the foreground of its own session."""

    def __init__(self, *, name: str, command: list[str], code: Path, environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log, self.environment = name, log, dict(environment)
        self._command, self._code = command, code
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process ID of `up`."""
        if self._process is None:
            raise DrillFailed(f"The role {self.name} does not run.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether `up` runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; it may not serve yet."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._code, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """End it with SIGTERM, as systemd does, and by force if that does not help."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            # Its keepers end the children.
            self._process.kill()
            self._process.wait(timeout=STOP_LIMIT_S)

    def exchange(self, *, command: list[str], code: Path) -> None:
        """Let the next start run another command in another tree."""
        self._command, self._code = command, code

    def find_children(self, word: str) -> list[int]:
        """Return the descendants whose command line holds `word`, without the keepers that `up` puts above them."""
        commands = {pid: read_command(pid) for pid in list_descendants(self.pid)}
        return [pid for pid, command in commands.items() if word in command and KEEPER not in command]


class Installation:
    """One installation; `environment` is what every command and role of it gets."""

    def __init__(self, *, folder: Path, port: int, stack: ExitStack, variables: Mapping[str, str]) -> None:
        self.folder, self.data, self.port = folder, folder / "data", port
        self.postgres: Server | None = None
        self.redis: Server | None = None
        self.roles: list[Role] = []
        self._stack = stack
        self.data.mkdir(mode=0o700, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        self.environment = {
            **inherited,
            "ZDBRIDGE_DATA_DIR": str(self.data),
            "ZDBRIDGE_SANDBOX": "0",
            "ZDBRIDGE_ALLOW_LOOPBACK": "1",
            "XSOLLA_LOGIN_API_URL": f"http://127.0.0.1:{port + SANDBOX}/login/api",
            # All tokens come from one address.
            "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS": "0",
            "ZDBRIDGE_TOKEN_LIMIT_PER_USER": "0",
            **variables,
        }  # fmt: skip

    @property
    def web_port(self) -> int:
        """The port of the first web role."""
        return self.port + WEB

    def add_servers(self) -> None:
        """Start PostgreSQL and Redis, and use them from now on."""
        self.postgres, database_url = build_postgres(self.folder, port=self.port + POSTGRES)
        self.redis, redis_url = build_redis(self.folder, port=self.port + REDIS)
        for server in (self.postgres, self.redis):
            self._stack.callback(server.stop)
            server.start()
        wait_until(lambda: _takes_queries(database_url), limit_s=READY_LIMIT_S, what="PostgreSQL takes no queries")
        self.environment |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url}

    def add_sandbox(self) -> None:
        """Start the sandbox, once."""
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port + SANDBOX)]
        sandbox = Role(
            name="sandbox", command=command, code=ROOT, environment=self.environment, log=self.folder / "sandbox.log"
        )
        self._stack.callback(sandbox.stop)
        sandbox.start()
        wait_until(lambda: answers(self.port + SANDBOX), limit_s=READY_LIMIT_S, what="The sandbox does not start.")

    def prepare(self) -> None:
        """Migrate and make the integration `demo`, which syncs from the sandbox."""
        self.manage("migrate", "--verbosity", "0")
        self.manage("integration", "set", SLUG, "--json", "-", text=self.read_settings_text())

    def read_settings(self) -> dict[str, Any]:
        """Return the settings of the integration, with the sandbox's invented secrets."""
        settings: dict[str, Any] = json.loads(self.read_settings_text())
        return settings

    def read_settings_text(self, code: Path = ROOT) -> str:
        """Return them as `integration set` of the release in `code` takes them."""
        text = (code / "sandbox" / "demo_integration.json").read_text(encoding="utf-8")
        return text.replace("http://127.0.0.1:9100", self.sandbox_url)

    @property
    def sandbox_url(self) -> str:
        """The address of the sandbox."""
        return f"http://127.0.0.1:{self.port + SANDBOX}"

    def make_players(self) -> Players:
        """Return the players of the integration."""
        settings = self.read_settings()
        return Players(
            project_id=settings["login_project_id"],
            login_secret=settings["login_secret_key"],
            shared_secret=settings["zendesk_shared_secret"],
        )

    def manage(self, *words: str, text: str = "", expected: int | None = 0) -> str:
        """Run a command and return what it printed; with `expected` None, also its errors.

        Raises: DrillFailed if it ends with another exit code than expected.
        """
        try:
            done = subprocess.run(
                [sys.executable, "-m", "zdbridge", *words], cwd=ROOT, env=self.environment,
                input=text, capture_output=True, text=True, timeout=COMMAND_LIMIT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DrillFailed(f"manage.py {' '.join(words[:3])} takes over {COMMAND_LIMIT_S:g} s.") from None
        if expected is not None and done.returncode != expected:
            raise DrillFailed(f"manage.py {' '.join(words[:3])} ended with {done.returncode}: {done.stderr[-600:]}")
        return done.stdout if expected is not None else done.stdout + done.stderr

    def add_role(
        self,
        name: str,
        *,
        port: int = 0,
        command: Sequence[str] = (),
        code: Path = ROOT,
        variables: Mapping[str, str] | None = None,
    ) -> Role:
        """Start `up --only NAME`, or another command for it; a second web role needs a port and a data folder."""
        port = port or self.web_port
        role = Role(
            name=name,
            command=list(command) or [sys.executable, "-m", "zdbridge", "up", "--only", name],
            code=code,
            environment={**self.environment, "ZDBRIDGE_PORT": str(port), **(variables or {})},
            log=self.folder / f"{name}-{port}.log",
        )
        self._stack.callback(role.stop)
        role.start()
        self.roles.append(role)
        return role

    def stop_roles(self) -> None:
        """End every role."""
        for role in self.roles:
            role.stop()

    @property
    def web_ports(self) -> list[int]:
        """The ports of two web roles."""
        return [self.port + WEB, self.port + SECOND_WEB]

    def add_web_roles(self, *, command: Sequence[str] = (), code: Path = ROOT) -> None:
        """Start two web roles, each with a data folder of its own, which hold no keys: give those as variables."""
        for port in self.web_ports:
            data = self.folder / f"web-{port}"
            data.mkdir(mode=0o700, exist_ok=True)
            self.add_role("web", port=port, command=command, code=code, variables={"ZDBRIDGE_DATA_DIR": str(data)})
        for port in self.web_ports:
            self.wait_until_serving(port=port)

    def can_rehearse(self) -> bool:
        """Return whether `integration rehearse` finds that every secret can be used."""
        try:
            self.manage("integration", "rehearse", SLUG)
        except DrillFailed:
            return False
        return True

    def add_roles(self, *names: str) -> list[Role]:
        """Start roles and return them when `/readyz` says that nothing is amiss."""
        roles = [self.add_role(name) for name in names]
        self.wait_until_ready()
        return roles

    def wait_until_ready(self, *, limit_s: float = READY_LIMIT_S) -> float:
        """Return after how many seconds `/readyz` says `ready`. Raises: DrillFailed."""
        try:
            return wait_until(lambda: self.ask_ready()[0] == "ready", limit_s=limit_s, what="")
        except DrillFailed:
            raise DrillFailed(f"It does not become ready: {self.ask_ready()}\n{self.read_ends()}") from None

    def wait_until_serving(self, *, port: int = 0) -> float:
        """Return after how many seconds `/healthz` answers. Raises: DrillFailed."""
        url = f"http://127.0.0.1:{port or self.web_port}/healthz"
        try:
            return wait_until(lambda: _is_answered(url), limit_s=READY_LIMIT_S, what="")
        except DrillFailed:
            raise DrillFailed(f"{url} does not answer.\n{self.read_ends()}") from None

    def restore_into(self, name: str, **variables: str) -> "Installation":
        """Return an installation with an empty data folder beside this one's, on the same ports and servers."""
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        kept = {key: self.environment[key] for key in ("DATABASE_URL", "REDIS_URL") if key in self.environment}
        return Installation(folder=folder, port=self.port, stack=self._stack, variables=kept | variables)

    def ask_ready(self, *, port: int = 0) -> tuple[str, tuple[str, ...]]:
        """Return the word of `/readyz` and the parts that are not well; `away` if nothing answers."""
        try:
            found = json.loads(get(f"http://127.0.0.1:{port or self.web_port}/readyz")[1])
        except (OSError, ValueError):
            return "away", ()
        return found["status"], tuple(one["part"] for one in (*found.get("down", ()), *found.get("degraded", ())))

    def read_ends(self) -> str:
        """Return the ends of the roles' logs, which are removed with the rest."""
        ends = ((role.name, role.log.read_text(encoding="utf-8", errors="replace")[-500:]) for role in self.roles)
        return "\n".join(f"{name}: …{end}" for name, end in ends)


def get(url: str, *, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Return status and body of an address of this machine. Raises: OSError."""
    try:
        request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@contextmanager
def scratch_installation(
    *,
    port: int,
    store: str,
    disk_mb: int = 0,
    is_prepared: bool = True,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Installation]:
    """Make an installation with its sandbox and integration, and remove all of it in the end, also after Ctrl-C.

    With `disk_mb`, its data folder is a file system of that size, in memory.
    """
    for number in range(REDIS + 1):
        if answers(port + number):
            raise DrillFailed(f"Port {port + number} is taken; choose others with --port.")
    folder = Path(tempfile.mkdtemp(prefix="zdbridge-drill-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if disk_mb:
            _mount(folder / "data", disk_mb=disk_mb, stack=stack)
        made = Installation(folder=folder, port=port, stack=stack, variables=variables or {})
        if store == "servers":
            made.add_servers()
        made.add_sandbox()
        if is_prepared:
            made.prepare()
        yield made


def _mount(folder: Path, *, disk_mb: int, stack: ExitStack) -> None:
    folder.mkdir()
    options = f"size={disk_mb}m,mode=0700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, text=True)
    if done.returncode:
        raise DrillFailed(f"A file system of {disk_mb} MB cannot be mounted: {done.stderr.strip()}")
    stack.callback(subprocess.run, ["umount", "--lazy", str(folder)])


def _is_answered(url: str) -> bool:
    try:
        return get(url)[0] == http.HTTPStatus.OK
    except OSError:
        return False


def _takes_queries(database_url: str) -> bool:
    return subprocess.run(["psql", "-qtc", "SELECT 1", database_url], capture_output=True).returncode == 0
