"""`manage.py integration set|list|export|check|rehearse|block|remove`: integrations from the command line."""

import json as json_lib
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking import integrations, monitoring, registry
from linking.core.text import clean_line

JSON_MAX_BYTES = 1_000_000


class BadFile(Exception):
    """The JSON cannot be read; the message is a sentence on why."""


class Command(BaseCommand):
    """Sets, lists, tries and removes integrations, and blocks users. Problems go to stderr, with exit code 1."""

    help = _(
        "Set, list, export, check, rehearse or remove integrations, or block a player. A secret may be env:NAME or "
        "file:PATH."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verbs."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|list|export|check|rehearse|block|remove")
        set_ = verbs.add_parser("set", help=_("create or update an integration from a JSON object"))
        set_.add_argument("slug")
        set_.add_argument("--json", required=True, metavar="FILE", help=_("the file, or - for standard input"))
        set_.add_argument("--dry-run", action="store_true", help=_("print what would change and change nothing"))
        export = verbs.add_parser("export", help=_("print the settings as JSON for `set`, without secrets"))
        export.add_argument("slug")
        export.add_argument("-o", "--output", metavar="FILE", help=_("write to this file instead of standard output"))
        verbs.add_parser("list", help=_("print one line for each integration"))
        verbs.add_parser("check", help=_("test both sides of an integration")).add_argument("slug")
        verbs.add_parser("remove", help=_("delete an integration and all its data")).add_argument("slug")
        rehearse = verbs.add_parser("rehearse", help=_("try a change of secrets without making it"))
        rehearse.add_argument("slug")
        rehearse.add_argument("--json", metavar="FILE", help=_("settings to try; - for standard input"))
        block = verbs.add_parser("block", help=_("refuse tokens to one player"))
        block.add_argument("slug")
        block.add_argument("user_id")
        block.add_argument("--lift", action="store_true", help=_("lift the block"))

    def handle(self, *, verb: str, **options: Any) -> None:
        """Do one verb."""
        try:
            with integrations.allow_any_reference():
                problems = getattr(self, f"_{verb}")(**options)
        except integrations.BadIntegration as error:
            problems = [f"{key}: {sentence}" for key, sentence in error.problems.items()]
        except registry.NoSuchIntegration:
            sentence = _("There is no integration %(slug)s. `integration list` shows all integrations.")
            problems = [sentence % {"slug": _clean(options["slug"])}]
        except BadFile as error:
            problems = [str(error)]
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            sys.exit(1)

    def _set(self, *, slug: str, json: str, dry_run: bool, **_options: Any) -> list[str]:
        if dry_run:
            return self._compare(slug=slug, json=json)
        saved = integrations.save_integration(
            slug=slug,
            values=_read(json),
            actor=integrations.Actor(name="command line"),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
        self._write_warnings(saved.warnings)
        if saved.is_new:
            sentence = _("%(slug)s: created.")
        else:
            sentence = _("%(slug)s: updated.") if saved.changed else _("%(slug)s: unchanged.")
        self.stdout.write(sentence % {"slug": slug})
        return []

    def _compare(self, *, slug: str, json: str) -> list[str]:
        found = integrations.compare_settings(
            slug=slug,
            values=_read(json),
            now=timezone.now(),
            allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
        )
        self._write_warnings(found.warnings)
        for one in found.differences:
            self.stdout.write(_describe(one))
        for name in found.same_secrets:
            self.stdout.write(_("%(name)s: unchanged") % {"name": name})
        if found.is_new:
            sentence = _("%(slug)s: would be created.")
        else:
            sentence = _("%(slug)s: would be updated.") if found.differences else _("%(slug)s: would be unchanged.")
        self.stdout.write(sentence % {"slug": slug})
        return []

    def _export(self, *, slug: str, output: str | None, **_options: Any) -> list[str]:
        found = integrations.export_settings(slug=slug)
        text = json_lib.dumps(found.settings, indent=2, ensure_ascii=False)
        if output is None:
            self.stdout.write(text)
        else:
            _write(output, text=f"{text}\n")
        if found.secrets:
            sentence = _("Secrets are not exported. Give them again: %(names)s.")
            self.stderr.write(sentence % {"names": ", ".join(found.secrets)})
        return []

    def _list(self, **_options: Any) -> list[str]:
        for one in monitoring.status.load_statuses(now=timezone.now()):
            seen = _("never") if one.last_success_at is None else f"{one.last_success_at:%Y-%m-%dT%H:%M:%SZ}"
            values = {"at": seen, "number": one.counts.visitors}
            success, visitors = _("last complete sync %(at)s") % values, _("%(number)s visitors") % values
            self.stdout.write("\t".join((one.slug, _clean(one.name), one.standing, success, visitors)))
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
        self._write_warnings(rehearsal.warnings)
        return self._write_checks(rehearsal.checks)

    def _write_warnings(self, warnings: tuple[integrations.SettingWarning, ...]) -> None:
        for warning in warnings:
            values = {"setting": warning.key, "sentence": warning.sentence}
            self.stderr.write(_("Warning: %(setting)s: %(sentence)s") % values)

    def _write_checks(self, checks: tuple[integrations.Check, ...]) -> list[str]:
        for check in checks:
            self.stdout.write(f"{'ok  ' if check.is_ok else 'FAIL'} {check.name}: {check.sentence}")
        failed = sum(not check.is_ok for check in checks)
        sentence = ngettext(
            "%(failed)s of %(number)s check failed.", "%(failed)s of %(number)s checks failed.", len(checks)
        )
        return [sentence % {"failed": failed, "number": len(checks)}] if failed else []

    def _block(self, *, slug: str, user_id: str, lift: bool, **_options: Any) -> list[str]:
        act = integrations.lift_block if lift else integrations.block_user
        is_done = act(slug=slug, user_id=user_id, actor=integrations.Actor(name="command line"), now=timezone.now())
        sentence = _("%(slug)s, %(user_id)s: nothing to change.")
        if is_done:
            sentence = (
                _("%(slug)s, %(user_id)s: the block is lifted.") if lift else _("%(slug)s, %(user_id)s: blocked.")
            )
        self.stdout.write(sentence % {"slug": slug, "user_id": _clean(user_id)})
        return []

    def _remove(self, *, slug: str, **_options: Any) -> list[str]:
        integrations.remove_integration(slug=slug, actor=integrations.Actor(name="command line"), now=timezone.now())
        self.stdout.write(_("%(slug)s: removed.") % {"slug": slug})
        return []


def _read(path: str) -> dict[str, object]:
    try:
        raw = sys.stdin.buffer.read(JSON_MAX_BYTES + 1) if path == "-" else _content(Path(path))
    except OSError as error:
        sentence = _("The file %(path)s cannot be read (%(error)s).")
        raise BadFile(sentence % {"path": path, "error": error.strerror}) from error
    if len(raw) > JSON_MAX_BYTES:
        raise BadFile(_("The JSON is larger than %(number)s bytes.") % {"number": JSON_MAX_BYTES})
    try:
        values = json_lib.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        # The position only: the text around it may be a secret.
        if isinstance(error, json_lib.JSONDecodeError):
            raise BadFile(_("The settings are not valid JSON (line %(line)s).") % {"line": error.lineno}) from error
        raise BadFile(_("The settings are not valid JSON.")) from error
    if not isinstance(values, dict):
        raise BadFile(_("The settings must be a JSON object."))
    return values


def _write(path: str, *, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        sentence = _("The file %(path)s cannot be written (%(error)s).")
        raise BadFile(sentence % {"path": path, "error": error.strerror}) from error


def _describe(difference: integrations.Difference) -> str:
    """Return `key: old → new`, the values as in JSON; of a secret only what becomes of it."""
    key, before, after = difference.key, difference.before, difference.after
    if not difference.is_secret:
        return f"{key}: {_dump(before)} → {_dump(after)}"
    values = {"name": key, "before": before, "after": after}
    if after is None:
        return _("%(name)s: will be removed (fingerprint %(before)s)") % values
    if before is None:
        return _("%(name)s: will be set (fingerprint %(after)s)") % values
    return _("%(name)s: will change (fingerprint %(before)s → %(after)s)") % values


def _dump(value: object) -> str:
    return json_lib.dumps(value, ensure_ascii=False)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(JSON_MAX_BYTES + 1)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise BadFile(_("The JSON contains a key twice."))
    return values


def _clean(text: str) -> str:
    return clean_line(text, max_characters=100)
