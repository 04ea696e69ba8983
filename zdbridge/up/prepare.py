"""Does what is needed once before the processes of `up` start, in a process of its own, so that `up` stays small.

`python -m zdbridge.up.prepare PLAN`, where PLAN is a `PreparePlan` as JSON, writes
`{"people": [{"username", "group", "password"}], "admin_link": str, "admin_note": str, "flaws": [str]}` to the file in
`result` (mode 0600). The link exists only while no administrator can sign in, the note only where a link does not help.
`flaws` are sentences about what is wrong in this environment, which the processes of `up` share.
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
from django.utils.translation import gettext as _

from zdbridge.private import public_files
from zdbridge.up.launch_plan import PreparePlan

# How long a single role waits for another process to migrate the database.
MIGRATION_WAIT_S = 60.0
_LINK = re.compile(r"https?://\S+")


class CannotPrepare(Exception):
    """The product cannot start; the message says what to do."""


def main(*, arguments: list[str]) -> int:
    """Do what the plan says; return 0, or 1 after a message on standard error."""
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
    """Return one line about why the database does not work, and what to do."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    sentence = _("The database does not respond as it should (%(reason)s). Check DATABASE_URL.")
    if "unsupported startup parameter" in reason:
        sentence = _("The database refuses a parameter (%(reason)s). With PgBouncer, add pgbouncer=1 to DATABASE_URL.")
    return sentence % {"reason": reason}


def _prepare(plan: PreparePlan) -> dict[str, Any]:
    _refuse_flaws()
    if plan.is_whole:
        call_command("migrate", interactive=False, verbosity=0)
    else:
        _wait_for_migrations()
    _handle_leftovers(plan)
    if plan.has_web:
        collect_static_files()
    people: list[dict[str, str]] = []
    if plan.has_demo:
        people = _make_demo(plan)
    link = _create_first_link() if plan.is_whole else {}
    return {"people": people, **link, "flaws": _find_flaws()}


def _find_flaws() -> list[str]:
    # Imports models, which needs Django to be set up.
    from linking.monitoring import health

    flaws = health.find_flaws_at_start(now=timezone.now())
    return [flaw.detail for flaw in flaws]


def _refuse_flaws() -> None:
    """Print the warnings of the system checks, one line each.

    Raises: CannotPrepare with their errors.
    """
    messages = [message for message in run_checks() if not message.is_silenced()]
    errors = [format_check(message) for message in messages if message.is_serious()]
    for message in messages:
        if not message.is_serious():
            print(f"warning: {format_check(message)}", flush=True)
    if errors:
        raise CannotPrepare("\n".join(errors))


def format_check(message: CheckMessage) -> str:
    """Return the message of a system check and its hint as one line."""
    return " ".join(f"{message.msg} {message.hint or ''}".split())


def _handle_leftovers(plan: PreparePlan) -> None:
    """Remove what a try-out left, when the plan asks for it.

    Raises: CannotPrepare when some of it is left and other machines can connect.
    """
    if not plan.is_purging and (plan.has_sandbox or not settings.IS_REACHABLE):
        return
    # Imports models, which needs Django to be set up.
    from zdbridge.up import demo_leftovers

    found = demo_leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    if plan.is_purging:
        for sentence in demo_leftovers.purge(
            leftovers=found, data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox", now=timezone.now()
        ):
            print(sentence, flush=True)
        found = demo_leftovers.find_leftovers(data_dir=settings.DATA_DIR, folder=settings.BASE_DIR / "sandbox")
    if settings.IS_REACHABLE and not found.is_empty:
        raise CannotPrepare(found.describe())


def _make_demo(plan: PreparePlan) -> list[dict[str, str]]:
    # Imports models, which needs Django to be set up.
    from zdbridge.up import demo, demo_history

    people = [asdict(person) for person in demo.make_people(data_dir=settings.DATA_DIR)]
    folder = settings.BASE_DIR / "sandbox"
    demo.make_integrations(folder=folder, sandbox_port=plan.sandbox_port, data_dir=settings.DATA_DIR)
    demo_history.make_history(folder=folder, login_project_id=demo.read_login_project_id(folder), now=timezone.now())
    return people


def _wait_for_migrations() -> None:
    deadline = time.monotonic() + MIGRATION_WAIT_S
    if _count_missing_migrations():
        print(_("Migrations are not applied yet. Waiting for another process to apply them …"), flush=True)
    while _count_missing_migrations():
        if time.monotonic() >= deadline:
            raise CannotPrepare(
                _("Migrations are not applied. Run `python3 manage.py migrate` once, or `up` without --only.")
            )
        time.sleep(1)


def _count_missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    connection.close()
    return missing


def collect_static_files() -> bool:
    """Run collectstatic when a source file has changed since the last run; return whether it ran."""
    stamp = settings.DATA_DIR / "static.stamp"
    state = _compute_static_state()
    if stamp.exists() and stamp.read_text(encoding="ascii") == state and Path(settings.STATIC_ROOT).is_dir():
        return False
    with public_files():
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(state, encoding="ascii")
    return True


def _compute_static_state() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            # Name, size and time of change, because reading every file would take as long as collecting them.
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _create_first_link() -> dict[str, str]:
    # Imports models, which needs Django to be set up.
    from zdbridge.up import demo_leftovers

    besides = list(demo_leftovers.find_people(data_dir=settings.DATA_DIR))
    output = io.StringIO()
    call_command("create_admin_link", if_needed=True, besides=besides, stdout=output)
    link = _LINK.search(output.getvalue())
    return {"admin_link": link.group()} if link else {"admin_note": output.getvalue().strip()}


def _write_private(*, path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


if __name__ == "__main__":
    sys.exit(main(arguments=sys.argv[1:]))
