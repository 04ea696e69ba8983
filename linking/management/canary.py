"""Plants marks where secrets go, exercises the product, and looks for the marks wherever text comes out.

`plant` needs an empty installation of its own: `manage.py selftest canary` makes one and throws it away.
"""

import base64
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from allauth.mfa.models import Authenticator
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from linking import integrations
from linking.accounts import api_tokens
from linking.core.config import SecretName
from linking.models import AlarmSettings, DraftPurpose
from linking.models.people.factor import seal_factor
from linking.models.people.person import TokenScope
from linking.monitoring import alarms

SLUG, ACTOR = "canary", "canary"
_HOST = "localhost"
_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
# To leave would end the exercise.
_NOT_ASKED = ("accounts/logout/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Text that came out of the product, and where."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A mark that was found: whose secret it stands for, and where."""

    secret: str
    place: str


def make_mark() -> str:
    """Return text that stands for a secret and is nowhere by chance."""
    return f"canary{secrets.token_hex(16)}"


def plant(*, now: datetime) -> dict[str, str]:
    """Set a mark wherever a secret is kept; return the marks by the secret's name."""
    marks = {str(name): make_mark() for name in (*SecretName, "draft", "own_password", "alarm_webhook")}
    person = get_user_model().objects.create_superuser(ACTOR, f"{ACTOR}@canary.invalid", marks["own_password"])
    values: dict[str, object] = {
        "name": "Canary",
        "login_project_id": "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10",
        "zendesk_subdomain": SLUG,
        "previous_login_secret_until": (now + timedelta(days=1)).isoformat(),
        "zendesk_secret_switch_at": (now + timedelta(days=1)).isoformat(),
    }
    actor = integrations.Actor.from_user(person)
    given = values | {name.value: marks[name.value] for name in SecretName}
    integrations.save_integration(slug=SLUG, values=given, actor=actor, now=now, allow_loopback=False)
    integrations.keep_draft(
        owner=person, purpose=DraftPurpose.GUIDE, values={}, secrets={"login_secret_key": marks["draft"]}, now=now
    )
    row = AlarmSettings(pk=1)
    alarms.keep_webhook(settings=row, url=f"https://hooks.example.com/{marks['alarm_webhook']}")
    row.save()
    marks["totp_secret"] = base64.b32encode(secrets.token_bytes(20)).decode()
    marks["recovery_seed"] = make_mark()
    for kind, data in (
        (Authenticator.Type.TOTP, {"secret": seal_factor(marks["totp_secret"])}),
        (Authenticator.Type.RECOVERY_CODES, {"seed": seal_factor(marks["recovery_seed"]), "used_mask": 0}),
    ):
        Authenticator.objects.create(user=person, type=kind, data=data)
    scopes = [scope.value for scope in TokenScope]
    token = api_tokens.make_token(user=person, name=ACTOR, scopes=scopes, days=7, by=person, now=now)
    return marks | {"api_token": token.key}


def exercise(*, marks: Mapping[str, str]) -> Iterator[Place]:
    """Yield all text that pages, answers, commands and dumps give; at the end, those of an installation that fails."""
    person = get_user_model().objects.get(username=ACTOR)
    browser = Client(raise_request_exception=False, headers={"host": _HOST})
    browser.force_login(person, backend="linking.accounts.sign_in.PersonBackend")
    yield from _open_pages(browser)
    yield from _send_forms(browser, marks=marks)
    yield from _call(marks=marks)
    yield from _run_commands()
    # Now every deed fails where it is recorded, with the secret at hand.
    _rename("linking_auditevent", "linking_auditevent_away")
    try:
        yield from _send_forms(browser, marks=marks)
    finally:
        _rename("linking_auditevent_away", "linking_auditevent")


def _rename(before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")


def find_leaks(places: Iterator[Place] | list[Place], *, marks: Mapping[str, str]) -> tuple[int, list[Leak]]:
    """Return how many places were read, and the marks in them, plain or as usual encodings write them."""
    forms = {name: _list_forms(mark) for name, mark in marks.items()}
    number, leaks = 0, []
    for place in places:
        number += 1
        found = (name for name, written in forms.items() if any(form in place.text for form in written))
        leaks += [Leak(secret=name, place=place.name) for name in found]
    return number, leaks


def read_folder(folder: Path) -> Iterator[Place]:
    """Yield the content of every file below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield Place(name=str(path.relative_to(folder)), text=path.read_bytes().decode("latin-1"))


def _list_forms(mark: str) -> set[str]:
    raw = mark.encode()
    # Base64 in its three positions: what stands before the mark shifts it. The ends depend on the neighbours.
    shifted = {base64.b64encode(b"\0" * shift + raw).decode()[4 if shift else 0 : -4] for shift in range(3)}
    return {mark, quote(mark, safe=""), raw.hex(), mark[::-1], *shifted}


def _open_pages(browser: Client) -> Iterator[Place]:
    for route in _list_routes():
        if route in _NOT_ASKED:
            continue
        address = "/" + _ARGUMENT.sub(lambda found: SLUG if found.group(1) in ("slug", "str") else "1", route)
        yield _read(f"GET {address}", browser.get(address))


def _list_routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            yield from _list_routes(pattern, route)
        elif not re.search(r"[\\^$(]", route):
            yield route


def _send_forms(browser: Client, *, marks: Mapping[str, str]) -> Iterator[Place]:
    """Send secrets with something wrong beside them, and with nothing wrong."""
    password = {"own_password": marks["own_password"]}
    pages = {
        f"/setup/{SLUG}/secrets/": {"roll": "zendesk_shared_secret", "secret": marks["draft"], "span": "now"},
        "/accounts/tokens/": {"name": "", "scopes": "read", "days": "7"},
        "/accounts/login/": {"login": ACTOR, "password": marks["own_password"] + "x"},
        "/admin/linking/integration/add/": {"name": "", "login_secret_key": marks["draft"]},
        f"/setup/{SLUG}/doctor/": {"text": marks["login_secret_key"]},
        "/admin/linking/alarmsettings/1/change/": {"webhook": f"http://127.0.0.1/{marks['alarm_webhook']}"},
        "/no/such/page/": {"secret": marks["draft"]},
    }
    for address, sent in pages.items():
        yield _read(f"POST {address}", browser.post(address, sent | password))


def _call(*, marks: Mapping[str, str]) -> Iterator[Place]:
    for key in (marks["api_token"], marks["api_token"] + "x"):
        program = Client(raise_request_exception=False, headers={"host": _HOST, "authorization": f"Token {key}"})
        for address in ("/api/v1/visitors/", "/api/v1/integrations/", "/api/schema/", "/metrics", "/readyz"):
            yield _read(f"API {address}", program.get(address))
    player = Client(headers={"host": _HOST, "authorization": f"Bearer {marks['login_secret_key']}"})
    yield _read("token endpoint", player.get("/generate/token"))


def _run_commands() -> Iterator[Place]:
    for command in (
        ("integration", "list"),
        ("integration", "export", SLUG),
        ("integration", "rehearse", SLUG),
        ("links", SLUG),
        ("seal", "status"),
        ("check", "--database", "default"),
        ("dumpdata",),
    ):
        out, err = StringIO(), StringIO()
        try:
            call_command(*command, stdout=out, stderr=err)
        except SystemExit:
            pass  # a command that found something to say
        yield Place(name=" ".join(command), text=out.getvalue() + err.getvalue())


def _read(name: str, response: Any) -> Place:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    heads = "\n".join(f"{key}: {value}" for key, value in response.items())
    cookies = response.cookies.output()
    return Place(name=name, text=f"{heads}\n{cookies}\n{content.decode('latin-1')}")
