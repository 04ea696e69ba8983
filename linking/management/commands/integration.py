"""`manage.py integration set|list|check|rehearse|block|remove`: integrations from the command line."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from linking import integrations, monitoring, registry
from linking.core.text import clean_line

JSON_MAX_BYTES = 1_000_000


_OF_ONE = (
    ("check", "test both sides"),
    ("remove", "delete it and everything stored for it"),
)


class BadFile(Exception):
    """The JSON cannot be read; the message says why."""


class Command(BaseCommand):
    """Sets, lists, tries and removes integrations, and blocks users. Problems go to stderr, with exit code 1."""

    help = "Set, list, check, rehearse or remove integrations, or block a user. A secret may be env:NAME or file:PATH."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|list|check|rehearse|block|remove")
        set_ = verbs.add_parser("set", help="create or update one from a JSON object")
        set_.add_argument("slug")
        set_.add_argument("--json", required=True, metavar="FILE", help="the file, or - for standard input")
        verbs.add_parser("list", help="one line an integration")
        for verb, words in _OF_ONE:
            verbs.add_parser(verb, help=words).add_argument("slug")
        rehearse = verbs.add_parser("rehearse", help="try a change of secrets without making it")
        rehearse.add_argument("slug")
        rehearse.add_argument(
            "--json", metavar="FILE", help="settings to try as if they were set; - for standard input"
        )
        block = verbs.add_parser("block", help="give one user no more tokens")
        block.add_argument("slug")
        block.add_argument("user_id")
        block.add_argument("--lift", action="store_true", help="give tokens again")

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do one verb."""
        try:
            problems = getattr(self, f"_{verb}")(**options)
        except integrations.BadIntegration as error:
            problems = [f"{key} {sentence}" for key, sentence in error.problems.items()]
        except registry.NoSuchIntegration:
            problems = [f"There is no integration {_clean(options['slug'])}; `integration list` shows those there are."]
        except BadFile as error:
            problems = [str(error)]
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            sys.exit(1)

    def _set(self, *, slug: str, json: str, **_options: Any) -> list[str]:
        saved = integrations.save_integration(
            slug=slug,
            values=_read(json),
            actor=integrations.Actor(name="command line"),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
        for warning in saved.warnings:
            self.stderr.write(f"Warning: {warning}")
        self.stdout.write(f"{slug}: {'created' if saved.is_new else 'updated' if saved.changed else 'unchanged'}.")
        return []

    def _list(self, **_options: Any) -> list[str]:
        for one in monitoring.status.load_statuses(now=timezone.now()):
            seen = "never" if one.last_success_at is None else f"{one.last_success_at:%Y-%m-%dT%H:%M:%SZ}"
            self.stdout.write(
                f"{one.slug}\t{_clean(one.name)}\t{one.standing}\tlast success {seen}\t{one.counts.visitors} visitors"
            )
        return []

    def _check(self, *, slug: str, **_options: Any) -> list[str]:
        checks = integrations.check_integration(
            slug=slug,
            login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
            now=timezone.now(),
        )
        return self._write_checks(checks)

    def _rehearse(self, *, slug: str, json: str | None, **_options: Any) -> list[str]:
        if json is None:
            return self._write_checks(integrations.rehearse_integration(slug=slug, now=timezone.now()))
        rehearsal = integrations.rehearse_change(
            slug=slug,
            values=_read(json),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
        for warning in rehearsal.warnings:
            self.stderr.write(f"Warning: {warning}")
        return self._write_checks(rehearsal.checks)

    def _write_checks(self, checks: tuple[integrations.Check, ...]) -> list[str]:
        for check in checks:
            self.stdout.write(f"{'ok  ' if check.is_ok else 'FAIL'} {check.name}: {check.sentence}")
        failed = sum(not check.is_ok for check in checks)
        return [f"{failed} of {len(checks)} checks failed."] if failed else []

    def _block(self, *, slug: str, user_id: str, lift: bool, **_options: Any) -> list[str]:
        act = integrations.lift_block if lift else integrations.block_user
        is_done = act(slug=slug, user_id=user_id, actor=integrations.Actor(name="command line"), now=timezone.now())
        done = "the block is lifted" if lift else "blocked"
        self.stdout.write(f"{slug}, {_clean(user_id)}: {done if is_done else 'nothing to change'}.")
        return []

    def _remove(self, *, slug: str, **_options: Any) -> list[str]:
        integrations.remove_integration(slug=slug, actor=integrations.Actor(name="command line"), now=timezone.now())
        self.stdout.write(f"{slug}: removed.")
        return []


def _read(path: str) -> dict[str, object]:
    try:
        raw = sys.stdin.buffer.read(JSON_MAX_BYTES + 1) if path == "-" else _content(Path(path))
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    if len(raw) > JSON_MAX_BYTES:
        raise BadFile(f"The JSON is larger than {JSON_MAX_BYTES} bytes.")
    try:
        values = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        # The position only: the text around it may be a secret.
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadFile(f"The settings are not valid JSON{where}.") from error
    if not isinstance(values, dict):
        raise BadFile("The settings must be a JSON object.")
    return values


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(JSON_MAX_BYTES + 1)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise BadFile("A key stands twice in the JSON.")
    return values


def _clean(text: str) -> str:
    return clean_line(text, max_characters=100)
