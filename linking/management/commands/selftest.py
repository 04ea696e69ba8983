"""`manage.py selftest canary`: whether any secret comes out where it must not."""

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.management import canary

# What would lead to the installation that serves, or to another one.
_LEFT_OUT = ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DJANGO_SETTINGS_MODULE")
_MARKS, _OUTPUT = "canary-marks.json", "canary-output"
STEP_LIMIT_S = 600


class Command(BaseCommand):
    """Tests an installation that it makes and throws away; the one that serves is not touched. Exit code 1: a leak."""

    help = _("Plant marks as secrets in a scratch installation and look for them in everything that comes out.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be tested."""
        parser.add_argument("what", choices=["canary"])
        # For the process inside the scratch installation.
        parser.add_argument("--inside", action="store_true", help="==SUPPRESS==")

    def handle(self, *, inside: bool, **_options: Any) -> None:
        """Make the installation and run inside it, or be the one that runs inside."""
        if inside:
            self._run_inside()
            return
        with tempfile.TemporaryDirectory(prefix="zdbridge-canary-") as folder:
            number, leaks = self._run(Path(folder))
        for leak in leaks:
            self.stdout.write(_("%(secret)s: found in %(place)s") % {"secret": leak.secret, "place": leak.place})
        sentence = ngettext("%(leaks)d found in %(number)d place.", "%(leaks)d found in %(number)d places.", number)
        self.stdout.write(sentence % {"leaks": len(leaks), "number": number})
        if leaks:
            sys.exit(1)

    def _run(self, folder: Path) -> tuple[int, list[canary.Leak]]:
        keys = {
            "ZDBRIDGE_SECRET_KEY": f"{canary.make_mark()}{canary.make_mark()}",
            "ZDBRIDGE_SEAL_KEYS": Fernet.generate_key().decode(),
            "ZDBRIDGE_SECRET_KEY_FALLBACKS": f"{canary.make_mark()}{canary.make_mark()}",
        }
        data = folder / "data"
        environment = _build_environment(data_dir=data) | keys
        steps = [_call_manage(environment, "migrate"), _call_manage(environment, "selftest", "canary", "--inside")]
        names = ("log/migrate", "log/serving")
        written = [canary.Place(name=name, text=text) for name, text in zip(names, steps, strict=True)]
        marks = json.loads((data / _MARKS).read_text()) | keys
        (data / _MARKS).unlink()
        return canary.find_leaks([*written, *_read_outputs(data), *canary.read_folder(data)], marks=marks)

    def _run_inside(self) -> None:
        data = Path(settings.DATA_DIR)
        marks = canary.plant(now=timezone.now())
        with (data / _OUTPUT).open("w", encoding="utf-8") as file:
            for place in canary.exercise(marks=marks):
                file.write(json.dumps([place.name, place.text]) + "\n")
        (data / _MARKS).write_text(json.dumps(marks))


def _build_environment(*, data_dir: Path) -> dict[str, str]:
    """Return an environment of its own: nothing of it leads to the installation that serves."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ZDBRIDGE_") and name.removesuffix("_FILE") not in _LEFT_OUT
    }
    return kept | {"ZDBRIDGE_DATA_DIR": str(data_dir), "ZDBRIDGE_SANDBOX": "0"}


def _call_manage(environment: dict[str, str], *arguments: str) -> str:
    manage = Path(settings.BASE_DIR) / "manage.py"
    done = subprocess.run(
        [sys.executable, str(manage), *arguments],
        env=environment, capture_output=True, text=True, timeout=STEP_LIMIT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise CommandError(_("The test did not run to its end. %(why)s") % {"why": last[:300]})
    return done.stdout + done.stderr


def _read_outputs(data: Path) -> Iterator[canary.Place]:
    path = data / _OUTPUT
    for line in path.read_text(encoding="utf-8").splitlines():
        name, text = json.loads(line)
        yield canary.Place(name=name, text=text)
    path.unlink()
