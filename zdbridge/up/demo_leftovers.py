"""Finds and removes what a try-out leaves: accounts with printed passwords, integrations with published secrets.

With a public host name both let anyone in, so `up` refuses to start until they are removed. An account whose password
was changed is an ordinary account, and so is an integration that uses another Login project.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from linking import integrations, registry
from linking.core.secretbox import SealBroken
from linking.models import AuditEvent, Integration, Secret
from zdbridge.up import demo, demo_history

COMMAND = "python3 manage.py purge_demo"
ACTOR = "purge of the demo"
PURGED = "person.demo_removed"
_APP_KEY = "zendesk_app_public_key"


@dataclass(frozen=True)
class DemoLeftovers:
    """What is left of the demo: user names, slugs, and demo secrets of other integrations as (slug, name)."""

    people: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left."""
        return not (self.people or self.slugs or self.secrets)

    def describe(self) -> str:
        """Return sentences about what is left and how to remove it, as one line; "" for nothing."""
        sentences = []
        if self.people:
            sentences.append(
                _("Demo accounts with printed passwords exist: %(names)s.") % {"names": ", ".join(self.people)}
            )
        if self.slugs:
            sentences.append(
                _("Demo integrations with published secrets exist: %(names)s.") % {"names": ", ".join(self.slugs)}
            )
        sentences += self.describe_secrets()
        if self.people or self.slugs:
            sentences.append(_("Remove demo accounts and demo integrations with: %(command)s") % {"command": COMMAND})
        return " ".join(sentences)

    def describe_secrets(self) -> list[str]:
        """Return a sentence for each demo secret of another integration, which only a person can replace."""
        sentence = _("Integration %(slug)s uses the demo's %(name)s, which is public. Set another one.")
        return [sentence % {"slug": slug, "name": name} for slug, name in self.secrets]


def find_leftovers(*, data_dir: Path, folder: Path) -> DemoLeftovers:
    """Return what a try-out left in the database; `folder` contains the files of the demo integrations."""
    files = {demo.parse_slug(path): json.loads(path.read_text(encoding="utf-8")) for path in demo.list_files(folder)}
    slugs = tuple(
        row.slug
        for row in Integration.objects.filter(slug__in=files).order_by("slug")
        if row.login_project_id == files[row.slug].get("login_project_id")
    )
    return DemoLeftovers(
        people=tuple(find_people(data_dir=data_dir)),
        slugs=slugs,
        secrets=tuple(_find_published(files=list(files.values()), besides=slugs)),
    )


def purge(*, leftovers: DemoLeftovers, data_dir: Path, folder: Path, now: datetime) -> list[str]:
    """Remove the accounts and integrations in `leftovers` with all their data; return a sentence for each.

    With the integrations go the demo's labels, unless a player of another integration carries them.
    """
    sentences = []
    for slug in leftovers.slugs:
        integrations.remove_integration(slug=slug, actor=integrations.Actor(name=ACTOR), now=now)
        sentence = _("Removed the integration %(slug)s with its visitors, users, links and runs.")
        sentences.append(sentence % {"slug": slug})
    if leftovers.slugs:
        sentences += _purge_labels(folder=folder, now=now)
    for username in leftovers.people:
        with transaction.atomic():
            User.objects.filter(username=username).delete()
            AuditEvent.objects.create(at=now, actor=ACTOR, action=PURGED, target=username)
        sentences.append(_("Removed the account %(name)s.") % {"name": username})
    changed = list(
        User.objects.filter(username__in=demo.PEOPLE).order_by("username").values_list("username", flat=True)
    )
    sentence = _("Kept the account %(name)s, because its password was changed.")
    sentences += [sentence % {"name": username} for username in changed]
    if not changed:
        # While an account is left, the file shows that its password is another one.
        (data_dir / demo.SIGN_INS).unlink(missing_ok=True)
    return sentences


def _purge_labels(*, folder: Path, now: datetime) -> Iterator[str]:
    for label in demo_history.find_unused_labels(folder):
        with transaction.atomic():
            label.delete()
            AuditEvent.objects.create(at=now, actor=ACTOR, action="label.removed", target=label.name)
        yield _("Removed the label %(name)s.") % {"name": label.name}


def find_people(*, data_dir: Path) -> Iterator[str]:
    """Yield the names of demo accounts that still have the printed password."""
    sign_ins = demo.read_sign_ins(data_dir=data_dir)
    for user in User.objects.filter(username__in=demo.PEOPLE).order_by("username"):
        if _has_printed_password(user, sign_in=sign_ins.get(user.username)):
            yield user.username


def _has_printed_password(user: User, *, sign_in: dict[str, str] | None) -> bool:
    if not user.has_usable_password():
        return False
    if sign_in is None:
        # Another data folder created it, so its password is unknown. With the demo's address it counts as demo.
        return user.email == demo.build_email(user.username)
    return user.password == sign_in["hashed"] or user.check_password(sign_in["password"])


def _find_published(*, files: list[dict[str, Any]], besides: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    published = {str(file[name]) for file in files for name in integrations.SECRET_NAMES if file.get(name)}
    rows = Secret.objects.exclude(integration__slug__in=besides).select_related("integration")
    for row in rows.order_by("integration__slug", "name"):
        if _reveal(row) in published:
            yield row.integration.slug, row.name
    # No secret, but anybody can sign with its other half, which is in the sandbox's folder.
    keys = {str(file[_APP_KEY]) for file in files if file.get(_APP_KEY)}
    others = Integration.objects.exclude(slug__in=besides).filter(zendesk_app_public_key__in=keys)
    for slug in others.order_by("slug").values_list("slug", flat=True):
        yield slug, _APP_KEY


def _reveal(row: Secret) -> str:
    try:
        return registry.resolve(row.reveal())
    except (SealBroken, registry.SecretUnavailable):
        return ""  # readiness reports this
