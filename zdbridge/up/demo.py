"""Demo data of `up`: four accounts, and integrations that use the sandbox. Created only while the sandbox runs."""

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
# The sandbox's port in the files; the actual port replaces it.
_FILE_PORT = 9100
# The file in the data folder with the passwords and their hashes.
SIGN_INS = "demo_sign_ins.json"
PEOPLE = {"agent": "agents", "lead": "leads", "admin": "admins", "developer": "developers"}


@dataclass(frozen=True)
class DemoAccount:
    """A demo account; `password` is empty when it was changed."""

    username: str
    group: str
    password: str


def make_people(*, data_dir: Path) -> list[DemoAccount]:
    """Create missing demo accounts and return all of them; never change an existing one.

    The passwords are random. They are generated once and stored in the data folder (mode 0600).
    """
    path = data_dir / SIGN_INS
    sign_ins: dict[str, dict[str, str]] = json.loads(read_or_create_file(path=path, create=_generate_sign_ins))
    if missing := PEOPLE.keys() - sign_ins.keys():
        # A data folder of a release that had fewer demo accounts.
        sign_ins |= {name: row for name, row in json.loads(_generate_sign_ins()).items() if name in missing}
        _replace_file(path=path, content=json.dumps(sign_ins))
    return [_make_account(username=name, group=group, **sign_ins[name]) for name, group in PEOPLE.items()]


def build_email(username: str) -> str:
    """Return the e-mail address of a demo account; no other account has one of this domain."""
    return f"{username}@demo.invalid"


def read_sign_ins(*, data_dir: Path) -> dict[str, dict[str, str]]:
    """Return password and hash by user name; empty when this data folder created no account, or lost the file."""
    try:
        sign_ins = json.loads((data_dir / SIGN_INS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return sign_ins if isinstance(sign_ins, dict) else {}


def _generate_sign_ins() -> str:
    passwords = {name: secrets.token_urlsafe(9) for name in PEOPLE}
    # Comparing hashes takes no time; checking the passwords would take seconds at every start.
    return json.dumps({name: {"password": word, "hashed": make_password(word)} for name, word in passwords.items()})


def _replace_file(*, path: Path, content: str) -> None:
    """Write `content` in the place of the file `path`, at once and for its owner only."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii", delete=False) as file:
        file.write(content + "\n")
    Path(file.name).replace(path)


def _make_account(*, username: str, group: str, password: str, hashed: str) -> DemoAccount:
    user, is_new = User.objects.get_or_create(username=username, defaults={"email": build_email(username)})
    if is_new:
        user.password = hashed
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    is_unchanged = user.password == hashed or user.check_password(password)
    return DemoAccount(username=username, group=group, password=password if is_unchanged else "")


def make_integrations(*, folder: Path, sandbox_port: int, data_dir: Path) -> list[str]:
    """Create missing integrations from the files in `folder`; return the slugs of those created."""
    return [
        parse_slug(path)
        for path in list_files(folder)
        if make_integration(path=path, sandbox_port=sandbox_port, data_dir=data_dir)
    ]


def list_files(folder: Path) -> list[Path]:
    """Return the files of the demo integrations, the one of `demo` first."""
    return sorted(folder.glob(_FILES))


def read_login_project_id(folder: Path) -> str:
    """Return the Login project of the integration `demo`."""
    return str(json.loads(list_files(folder)[0].read_text(encoding="utf-8"))["login_project_id"])


def parse_slug(path: Path) -> str:
    """Return the slug that the name of a file stands for."""
    return path.stem.replace("_integration", "", 1).replace("_", "-")


def make_integration(*, path: Path, sandbox_port: int, data_dir: Path) -> bool:
    """Create the integration in `path` unless it exists; return whether it was created.

    The sandbox's port replaces the one in the file.
    """
    slug = parse_slug(path)
    if Integration.objects.filter(slug=slug).exists() or not path.exists():
        return False
    settings = replace_port(value=json.loads(path.read_text(encoding="utf-8")), port=sandbox_port)
    with tempfile.NamedTemporaryFile("w", dir=data_dir, suffix=".json", encoding="utf-8") as file:
        json.dump(settings, file)
        file.flush()
        call_command("integration", "set", slug, json=file.name)
    return True


def replace_port(*, value: object, port: int) -> object:
    """Return parsed JSON with `port` in every address of the sandbox."""
    if isinstance(value, dict):
        return {key: replace_port(value=part, port=port) for key, part in value.items()}
    if isinstance(value, list):
        return [replace_port(value=part, port=port) for part in value]
    if isinstance(value, str) and _is_sandbox_address(value):
        return value.replace(f":{_FILE_PORT}", f":{port}", 1)
    return value


def _is_sandbox_address(value: str) -> bool:
    # Other addresses, such as the template https://…/{user_id}, stay as they are.
    return value.startswith("http://") and urlsplit(value).netloc in {
        f"{host}:{_FILE_PORT}" for host in ("127.0.0.1", "localhost")
    }
