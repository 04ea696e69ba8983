"""Demo data of `up`: three people and the integrations that point at the sandbox. Only made while the sandbox runs."""

import json
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from linking.models import Integration
from zdbridge.env import read_or_create_file

# `demo_integration.json` describes the integration `demo`, `demo_integration_x.json` describes `demo-x`.
_FILES = "demo_integration*.json"
# The port the file in the repository is written for; another one is put in its place.
_WRITTEN_FOR_PORT = 9100
# Their passwords and the hashes of them, in the data folder.
SIGN_INS = "demo_sign_ins.json"
PEOPLE = {"agent": "agents", "lead": "leads", "admin": "admins"}


@dataclass(frozen=True)
class DemoPerson:
    """A demo sign-in; `password` is empty where somebody has changed it since."""

    username: str
    group: str
    password: str


def make_people(*, data_dir: Path) -> list[DemoPerson]:
    """Create the demo people that are missing and return all of them.

    Passwords are random, made once, kept in the data folder (0600); a person who exists is never changed.
    """
    content = read_or_create_file(path=data_dir / SIGN_INS, create=_make_sign_ins)
    sign_ins: dict[str, dict[str, str]] = json.loads(content)
    return [_make_person(username=name, group=group, **sign_ins[name]) for name, group in PEOPLE.items()]


def address_of(username: str) -> str:
    """Return the address a demo person is made with; nobody else has one of that domain."""
    return f"{username}@demo.invalid"


def read_sign_ins(*, data_dir: Path) -> dict[str, dict[str, str]]:
    """Return password and hash of each demo person made in this data folder; nobody where none was, or it is lost."""
    try:
        found = json.loads((data_dir / SIGN_INS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _make_sign_ins() -> str:
    passwords = {name: secrets.token_urlsafe(9) for name in PEOPLE}
    # The hash is kept too: comparing it takes no time, checking three passwords takes seconds at every start.
    return json.dumps({name: {"password": word, "hashed": make_password(word)} for name, word in passwords.items()})


def _make_person(*, username: str, group: str, password: str, hashed: str) -> DemoPerson:
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"email": address_of(username), "is_staff": group == "admins"}
    )
    if is_new:
        user.password = hashed
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    is_unchanged = user.password == hashed or user.check_password(password)
    return DemoPerson(username=username, group=group, password=password if is_unchanged else "")


def make_integrations(*, folder: Path, sandbox_port: int, data_dir: Path) -> list[str]:
    """Create the integrations that files of `folder` describe and that are missing; return the slugs created."""
    paths = sorted(folder.glob(_FILES))
    return [
        slug_of(path) for path in paths if make_integration(path=path, sandbox_port=sandbox_port, data_dir=data_dir)
    ]


def slug_of(path: Path) -> str:
    """Return the slug of the integration that a file describes."""
    return path.stem.replace("_integration", "", 1).replace("_", "-")


def make_integration(*, path: Path, sandbox_port: int, data_dir: Path) -> bool:
    """Create the integration that `path` describes unless there is one; tell whether it was created.

    The sandbox's port is put into every address on this machine that `path` holds.
    """
    slug = slug_of(path)
    if Integration.objects.filter(slug=slug).exists() or not path.exists():
        return False
    settings = with_port(value=json.loads(path.read_text(encoding="utf-8")), port=sandbox_port)
    with tempfile.NamedTemporaryFile("w", dir=data_dir, suffix=".json", encoding="utf-8") as file:
        json.dump(settings, file)
        file.flush()
        call_command("integration", "set", slug, json=file.name)
    return True


def with_port(*, value: object, port: int) -> object:
    """Return `value` (parsed JSON) with the sandbox's written port exchanged in every loopback address."""
    if isinstance(value, dict):
        return {key: with_port(value=part, port=port) for key, part in value.items()}
    if isinstance(value, list):
        return [with_port(value=part, port=port) for part in value]
    if isinstance(value, str) and _is_sandbox_address(value):
        return value.replace(f":{_WRITTEN_FOR_PORT}", f":{port}", 1)
    return value


def _is_sandbox_address(value: str) -> bool:
    # Templates such as https://…/{user_id} are also addresses; only those that name the sandbox's host are meant.
    return value.startswith("http://") and urlsplit(value).netloc in {
        f"{host}:{_WRITTEN_FOR_PORT}" for host in ("127.0.0.1", "localhost")
    }
