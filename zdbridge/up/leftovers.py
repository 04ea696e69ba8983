"""What a try-out leaves behind: people whose passwords were printed, integrations whose secrets are in the repository.

Beside a public host both are open doors, so `up` refuses to start there until they are taken away. A person whose
password somebody has changed is an account like any other, and so is an integration that points at another project.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from linking import integrations, registry
from linking.core.secretbox import SealBroken
from linking.models import AuditEvent, Integration, Secret
from zdbridge.up import demo

COMMAND = "python3 manage.py purge_demo"
ACTOR = "purge of the demo"
PURGED = "person.demo_removed"
_FILES = "demo_*.json"


@dataclass(frozen=True)
class Leftovers:
    """What is there of the demo: user names, slugs, and secrets of other integrations as (slug, name)."""

    people: tuple[str, ...] = ()
    slugs: tuple[str, ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left."""
        return not (self.people or self.slugs or self.secrets)

    def describe(self) -> str:
        """Return what is there and how it goes away, as one line; "" for nothing."""
        parts = []
        if self.people:
            parts.append(f"demo people ({', '.join(self.people)}), whose passwords were printed")
        if self.slugs:
            parts.append(f"demo integrations ({', '.join(self.slugs)}), whose secrets are public")
        told = [f"The try-out left {', and '.join(parts)}. Take them away with: {COMMAND}"] if parts else []
        told += [
            f"Integration {slug} uses the demo's {name}, which is public: set another." for slug, name in self.secrets
        ]
        return " ".join(told)


def find_leftovers(*, data_dir: Path, folder: Path) -> Leftovers:
    """Return what a try-out left in the database; `folder` holds the files that describe the demo's integrations."""
    files = {demo.slug_of(path): json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(_FILES))}
    slugs = tuple(
        row.slug
        for row in Integration.objects.filter(slug__in=files).order_by("slug")
        if row.login_project_id == files[row.slug].get("login_project_id")
    )
    return Leftovers(
        people=tuple(find_people(data_dir=data_dir)),
        slugs=slugs,
        secrets=tuple(_find_published(files=list(files.values()), besides=slugs)),
    )


def purge(*, leftovers: Leftovers, data_dir: Path, now: datetime) -> list[str]:
    """Take the people and integrations of `leftovers` away with all that hangs on them; return a line for each."""
    done = []
    for slug in leftovers.slugs:
        integrations.remove_integration(slug=slug, actor=integrations.Actor(name=ACTOR), now=now)
        done.append(f"removed the integration {slug} with its visitors, users, links and runs")
    for username in leftovers.people:
        with transaction.atomic():
            User.objects.filter(username=username).delete()
            AuditEvent.objects.create(at=now, actor=ACTOR, action=PURGED, target=username)
        done.append(f"removed the person {username}")
    kept = list(User.objects.filter(username__in=demo.PEOPLE).order_by("username").values_list("username", flat=True))
    done += [f"kept the person {username}: somebody has changed the password" for username in kept]
    if not kept:
        # With it goes the last trace of the passwords; while somebody is kept it tells that theirs is another.
        (data_dir / demo.SIGN_INS).unlink(missing_ok=True)
    return done


def find_people(*, data_dir: Path) -> Iterator[str]:
    """Yield the names of demo people whose password is still the one that was printed."""
    sign_ins = demo.read_sign_ins(data_dir=data_dir)
    for user in User.objects.filter(username__in=demo.PEOPLE).order_by("username"):
        if _has_printed_password(user, sign_in=sign_ins.get(user.username)):
            yield user.username


def _has_printed_password(user: User, *, sign_in: dict[str, str] | None) -> bool:
    if not user.has_usable_password():
        return False
    if sign_in is None:
        # Another data folder made them, so nobody can tell. An address of their own makes them people of one's own.
        return user.email == demo.address_of(user.username)
    return user.password == sign_in["hashed"] or user.check_password(sign_in["password"])


def _find_published(*, files: list[dict[str, Any]], besides: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    published = {str(one[name]) for one in files for name in integrations.SECRET_NAMES if one.get(name)}
    rows = Secret.objects.exclude(integration__slug__in=besides).select_related("integration")
    for row in rows.order_by("integration__slug", "name"):
        if _open(row) in published:
            yield row.integration.slug, row.name


def _open(row: Secret) -> str:
    try:
        return registry.resolve(row.reveal())
    except (SealBroken, registry.SecretUnavailable):
        return ""  # readiness speaks of that
