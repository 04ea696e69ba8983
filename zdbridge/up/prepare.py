"""What has to be done once before the processes of `up` start; a program of its own, so that `up` stays small.

`python -m zdbridge.up.prepare PLAN` where PLAN is a `PreparePlan` as JSON.
Writes `{"people": [{"username", "group", "password"}], "admin_link": str, "admin_note": str, "flaws": [str]}` to the
file its `result` names (0600); the link is there only while no administrator can sign in, the note where that cannot be
helped by a link. `flaws` are sentences about what is wrong in this environment, which the processes of `up` share.
"""

import hashlib
import io
import json
import os
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from zdbridge.private import public_files
from zdbridge.up.roles import PreparePlan

# How long a single role waits for somebody else to migrate the database.
MIGRATION_WAIT_S = 60.0
_LINK = re.compile(r"https?://\S+")


class CannotPrepare(Exception):
    """The product cannot start; the message is one line that says what to do."""


def main(*, arguments: list[str]) -> int:
    """Do what the plan says; return 0, or 1 after one line on standard error."""
    plan = PreparePlan(**json.loads(arguments[0]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")
    try:
        django.setup()
        result = _prepare(plan)
    except (ImproperlyConfigured, CannotPrepare, CommandError, SystemCheckError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    except DatabaseError as error:
        print(f"cannot start: {explain_database_error(error)}", file=sys.stderr)
        return 1
    _write_private(path=Path(plan.result), content=json.dumps(result))
    return 0


def explain_database_error(error: Exception) -> str:
    """Return one line that says why the database does not serve, and what to do."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    remedy = "check DATABASE_URL"
    if "unsupported startup parameter" in reason:
        remedy = "behind PgBouncer, add pgbouncer=1 to the options of DATABASE_URL"
    return f"the database does not answer as it should ({reason}); {remedy}"


def _prepare(plan: PreparePlan) -> dict[str, Any]:
    _refuse_flaws()
    if plan.is_whole:
        call_command("migrate", interactive=False, verbosity=0)
    else:
        _wait_for_migrations()
    _clear_leftovers(plan)
    if plan.has_web:
        collect_static_files()
    people: list[dict[str, str]] = []
    if plan.has_demo:
        people = _make_demo(plan)
    link = _print_first_link() if plan.is_whole else {}
    return {"people": people, **link, "flaws": _find_flaws()}


def _find_flaws() -> list[str]:
    # Its models can be imported only once Django is set up.
    from linking.monitoring import health

    found = health.find_flaws_at_start(now=timezone.now(), where="the environment of this `up`")
    return [flaw.detail for flaw in found]


def _refuse_flaws() -> None:
    """Say what the system checks found, one line each.

    Raises: CannotPrepare for what must not start.
    """
    found = [one for one in run_checks() if not one.is_silenced()]
    errors = [say_check(one) for one in found if one.is_serious()]
    for one in found:
        if not one.is_serious():
            print(f"warning: {say_check(one)}", flush=True)
    if errors:
        raise CannotPrepare("\n".join(errors))


def say_check(message: CheckMessage) -> str:
    """Return what a system check found, and the remedy, as one line."""
    return " ".join(f"{message.msg} {message.hint or ''}".split())


def _clear_leftovers(plan: PreparePlan) -> None:
    """Take what a try-out left away, where that is asked for.

    Raises: CannotPrepare where it is still there and others than people of this machine can come.
    """
    if not plan.is_purging and (plan.has_sandbox or not settings.IS_REACHABLE):
        return
    # Its models can be imported only once Django is set up.
    from zdbridge.up import leftovers

    found = leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    if plan.is_purging:
        for line in leftovers.purge(leftovers=found, data_dir=settings.DATA_DIR, now=timezone.now()):
            print(line, flush=True)
        found = leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    if settings.IS_REACHABLE and not found.is_empty:
        raise CannotPrepare(
            f"{found.describe()} (or start once with --purge-demo)" if found.people or found.slugs else found.describe()
        )


def _make_demo(plan: PreparePlan) -> list[dict[str, str]]:
    # Its models can be imported only once Django is set up.
    from zdbridge.up import demo

    people = [asdict(person) for person in demo.make_people(data_dir=settings.DATA_DIR)]
    folder = settings.BASE_DIR / "sandbox"
    demo.make_integrations(folder=folder, sandbox_port=plan.sandbox_port, data_dir=settings.DATA_DIR)
    return people


def _wait_for_migrations() -> None:
    deadline, is_told = time.monotonic() + MIGRATION_WAIT_S, False
    while missing := _missing_migrations():
        if time.monotonic() >= deadline:
            raise CannotPrepare(
                f"{missing} migrations are not applied; run `python3 manage.py migrate` once, or `up` without --only"
            )
        if not is_told:
            print(f"{missing} migrations are not applied yet; waiting for another process to do it …", flush=True)
            is_told = True
        time.sleep(1)


def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    connection.close()
    return missing


def collect_static_files() -> bool:
    """Run collectstatic when a source file has changed since the last time; tell whether it ran."""
    stamp = settings.DATA_DIR / "static.stamp"
    state = _static_state()
    if stamp.exists() and stamp.read_text(encoding="ascii") == state and Path(settings.STATIC_ROOT).is_dir():
        return False
    with public_files():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(state, encoding="ascii")
    return True


def _static_state() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            # Name, size and time of change: reading every file would cost as much as collecting them.
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _print_first_link() -> dict[str, str]:
    # Its models can be imported only once Django is set up.
    from zdbridge.up import leftovers

    besides = list(leftovers.find_people(data_dir=settings.DATA_DIR))
    output = io.StringIO()
    call_command("create_admin_link", if_needed=True, besides=besides, stdout=output)
    found = _LINK.search(output.getvalue())
    return {"admin_link": found.group()} if found else {"admin_note": output.getvalue().strip()}


def _write_private(*, path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
