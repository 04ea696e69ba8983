"""Restarts PostgreSQL again and again below a running sync and asks for tokens five times a second meanwhile.

    python tests/faults/database_loop.py [--restarts 20] [--seed 1] [--visitors 5000] [--port 9470]
        [--database-port 54390] [--binaries /usr/lib/postgresql/15/bin] [--redis redis://127.0.0.1:6379/11] [--spoil]

Makes a cluster of its own in a scratch folder, as the user `postgres` when run by root. Every other restart is in the
`immediate` mode, which is a crash; each leaves the database away for a random while. `--spoil` restarts the web role
while the database is away, which must be noticed. Ends with 1 when an answer was not a token, links are lost or
doubled, or the sync took longer than a minute to go on. Not part of the tests.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs

RESUME_LIMIT_S = 60.0
LONGEST_AWAY_S = 6.0


def main():
    numbers = {"restarts": 20, "visitors": 5000, "port": 9470, "database-port": 54390, "per-minute": 1200}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil",), texts=("binaries",))
    cluster = Cluster(port=options.database_port, binaries=Path(options.binaries or "/usr/lib/postgresql/15/bin"))
    options.database = cluster.url
    try:
        cluster.make()
        with rigs.Rig(options) as rig, rig.tokens_asked_for() as tokens:
            rig.wait_for_a_pass()
            resumes = loop(rig, cluster=cluster)
            options.spoil = False
            rig.hurry()
            found = rig.settle()
    finally:
        cluster.remove()
    late = sum(one > RESUME_LIMIT_S for one in resumes)
    return rigs.verdict(
        told=f"{len(resumes)} restarts: {rigs.told(found)}; went on {max(resumes):.1f} s at most after the database "
        f"was back; {tokens}",
        flaws=[
            *rigs.mapping_flaws(found),
            f"{late} times later than {RESUME_LIMIT_S:.0f} s" if late else "",
            f"{tokens.others} answers without a token" if tokens.others else "",
        ],
    )


def loop(rig, *, cluster):
    """Restart so often as asked for; return the seconds until the sync went on, counted from the database's return."""
    rng, resumes = random.Random(rig.options.seed), []
    for number in range(1, rig.options.restarts + 1):
        rig.keep_busy(at_least=500)
        time.sleep(rng.uniform(0.5, 8.0))
        mode, away_s = ("immediate", "fast")[number % 2], rng.uniform(0.0, LONGEST_AWAY_S)
        cluster.stop(mode=mode)
        if rig.options.spoil and number == 1:
            rig.processes[rig.roles.index("web")].terminate()
            rig.processes[rig.roles.index("web")].wait()
            rig.revive()
        time.sleep(away_s)
        cluster.start()
        resumes.append(rig.seconds_until_it_goes_on())
        print(f"restart {number}: {mode}, away {away_s:.1f} s → next call after {resumes[-1]:.1f} s", flush=True)
    return resumes


class Cluster:
    """A PostgreSQL server of this program's own, listening on loopback only."""

    def __init__(self, *, port, binaries):
        self.port, self.binaries = port, binaries
        self.folder = Path(tempfile.mkdtemp(prefix="zdbridge-postgres-"))
        self.data = self.folder / "data"
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self.prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def make(self):
        if self.prefix:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "--no-sync")
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        with (self.folder / "options").open("w") as file:
            file.write(settings)
        self.start()

    def start(self):
        log, settings = self.folder / "log", (self.folder / "options").read_text()
        self._run("pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-o", settings, "start")

    def stop(self, *, mode):
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def remove(self):
        if (self.data / "postmaster.pid").exists():
            self.stop(mode="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name, *arguments):
        command = [*self.prefix, str(self.binaries / name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


if __name__ == "__main__":
    raise SystemExit(main())
