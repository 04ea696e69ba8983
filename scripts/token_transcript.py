"""Ask the running product every line of the transcript in docs/token-transcript.md, with curl.

    .venv/bin/python -m scripts.token_transcript            compare the page with the answers; exit 1 where they differ
    .venv/bin/python -m scripts.token_transcript --write    put the answers into the page

Starts `manage.py up` with its sandbox, three further web processes and nothing else, on free ports and in a folder that
is thrown away; the page shows the ports 8300 to 8303 instead. Times differ from run to run and are not compared.
"""

import argparse
import base64
import difflib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "token-transcript.md"
READY_WITHIN_S = 120.0
LOGIN_SECRET, ZENDESK_SECRET = "transcript-login-secret-key-of-nobody-000", "transcript-zendesk-secret-of-nobody-0000"
STRANGE_SECRET = "a-secret-that-this-project-never-had-0000"  # noqa: S105 - guards nothing
PROJECT, OMAR_PROJECT = "0f4c6a52-9d1b-4e0e-8c57-3b1f2a7d9e10", "4d8f0a1e-6b2c-4f57-9e3a-7c1d5b9e2f08"
USER, BLOCKED_USER = "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01", "7c11b0de-0000-4000-8000-00000000b10c"
SERVER_CLIENT = {
    "grant_type": "client_credentials", "client_id": "40001",
    "client_secret": "sandbox-server-client-secret-not-real",
}  # fmt: skip
# The places of the page, and the ports it shows for them: the whole product; one without settings; two with limits.
PORTS = {"main": 8300, "bare": 8301, "address": 8302, "user": 8303}
TELLING = ("www-authenticate", "retry-after", "allow")
INTEGRATIONS: Mapping[str, Mapping[str, object]] = {
    "acme": {"login_project_id": PROJECT},
    "omits": {"missing_email": "omit"},
    "replaces": {"missing_email": "placeholder"},
    "messages": {"zendesk_product": "messaging", "zendesk_key_id": "app_5f0c"},
    "no-keys": {"login_algorithm": "RS256", "login_secret_key": None},
    "off": {"enabled": False},
    "no-login-secret": {},
    "no-zendesk-secret": {"zendesk_shared_secret": None},
    "no-key-id": {"zendesk_product": "messaging", "zendesk_key_id": "app_5f0c"},
}
_VOLATILE = (
    (re.compile(r'"(iat|exp)":\d+'), r'"\1":0'),
    (re.compile(r"(?<=retry-after: )\d+"), "0"),
    (re.compile(r"(?<=content-length: )\d+"), "0"),
)


class CannotTranscribe(Exception):
    """The product could not be asked; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curl line: `arguments` as the page has them, with $JWT and $TOKEN for what `token` makes.

    `headers` are the names shown: all of them for None.
    """

    arguments: str
    place: str = "main"
    token: Callable[[], str] | None = None
    headers: tuple[str, ...] | None = TELLING
    wait_s: float = 0.0


def login_jwt(*, slug: str = "acme", secret: str = LOGIN_SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    """Return a Login JWT as the project of `slug` issues it; `...` drops a claim, `headers` adds some."""
    headers: dict[str, Any] | None = changes.pop("headers", None)
    now = int(time.time())
    claims = {
        "iss": "https://login.xsolla.com", "sub": USER, "email": "nadia@player.example", "username": "nadia",
        "type": "xsolla_login", "iat": now, "exp": now + 86_400, "xsolla_login_project_id": project_of(slug),
    } | changes  # fmt: skip
    kept = {name: value for name, value in claims.items() if value is not ...}
    return jwt.api_jws.encode(json.dumps(kept).encode(), secret, algorithm=algorithm, headers=headers)


def project_of(slug: str) -> str:
    """Return the Login project of an integration of the transcript."""
    return PROJECT if slug == "acme" else f"{PROJECT[:-12]}{slug.encode().hex()[:12]:0>12}"


def stranger_rs256(*, project_id: str, kid: str) -> str:
    """Return an RS256 token by a key that no project lists."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    now = int(time.time())
    claims = {"iss": "https://login.xsolla.com", "sub": USER, "iat": now, "exp": now + 600,
              "xsolla_login_project_id": project_id}  # fmt: skip
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


def _ago(seconds: int) -> int:
    return int(time.time()) - seconds


_ACME, _COOKIE = "{}/generate/token/acme", "-b 'token=$JWT' "
Case = tuple[str, list[Line]]


def _refusal(reason: str, token: Callable[[], str], *, slug: str = "acme") -> Case:
    return reason, [Line(arguments=f"-b 'token=$TOKEN' {{}}/generate/token/{slug}", token=token)]


def list_cases(sandbox: "Sandbox") -> list[Case]:
    """Return every heading of the transcript and its lines, in order."""
    return [*_list_answers(sandbox), *_list_carriers(), *_list_tokens(), *_list_places()]


def _list_answers(sandbox: "Sandbox") -> list[Case]:
    preflight = "-H 'Access-Control-Request-Method: GET' -H 'Access-Control-Request-Headers: authorization' "
    page = "-H 'Origin: https://shop.example'"
    omar = f"{_COOKIE}{{}}/generate/token"
    return [
        ("A cookie, no integration named; all headers",
         [Line(arguments=f"{_COOKIE}{page} {{}}/generate/token", token=login_jwt, headers=None)]),
        ("POST, Bearer",
         [Line(arguments=f"-X POST -H 'Authorization: Bearer $JWT' {_ACME}", token=login_jwt)]),
        ("HEAD", [Line(arguments=f"-I {_COOKIE}{_ACME}", token=login_jwt, headers=None)]),
        ("Preflight", [Line(arguments=f"-X OPTIONS {page} {preflight}{_ACME}", headers=None)]),
        ("OPTIONS", [Line(arguments=f"-X OPTIONS {_ACME}")]),
        _refusal("No e-mail, omitted", lambda: login_jwt(slug="omits", email=...), slug="omits"),
        _refusal("No e-mail, placeholder", lambda: login_jwt(slug="replaces", email=...), slug="replaces"),
        _refusal("Messaging", lambda: login_jwt(slug="messages"), slug="messages"),
        ("RS256, the sandbox's player Omar, no integration named",
         [Line(arguments=omar, token=sandbox.omar)]),
        ("The same after Login made a new key: at once, and five seconds later",
         [Line(arguments=omar, token=sandbox.omar_under_a_new_key),
          Line(arguments=omar, token=sandbox.last_token, wait_s=5.0)]),
    ]  # fmt: skip


def _list_carriers() -> list[Case]:
    """Return the ways in which no token, or no readable one, comes."""
    return [
        ("not_passed", [Line(arguments=_ACME)]),
        ("cookies_unreadable", [Line(arguments=f"-b 'name=Zoë; token=$JWT' {_ACME}", token=login_jwt)]),
        ("a token in the query string", [Line(arguments=f"'{_ACME}?token=$JWT'", token=login_jwt)]),
        ("empty", [Line(arguments=f"-b 'token=' {_ACME}")]),
        ("ambiguous_cookie", [Line(arguments=f"-b 'token=$JWT; token=another' {_ACME}", token=login_jwt)]),
        ("too_large",
         [Line(arguments=f"-H 'Authorization: Bearer $TOKEN' {_ACME}", token=lambda: login_jwt(filler="x" * 9000))]),
    ]  # fmt: skip


def _list_tokens() -> list[Case]:
    """Return the tokens that are refused for what they say."""
    return [
        _refusal("malformed", lambda: "not.a.jwt"),
        _refusal("header", lambda: login_jwt(headers={"jku": "https://evil.example/keys"})),
        _refusal("algorithm", lambda: login_jwt(algorithm="HS512")),
        _refusal("unknown_key", lambda: stranger_rs256(project_id=OMAR_PROJECT, kid="nobody-s"), slug="demo-rs256"),
        _refusal("signature", lambda: login_jwt(secret=STRANGE_SECRET)),
        _refusal("server_token", lambda: login_jwt(type="server")),
        _refusal("exp_missing", lambda: login_jwt(exp=...)),
        _refusal("exp_invalid", lambda: login_jwt(exp=4_102_444_800)),
        _refusal("iat_invalid", lambda: login_jwt(iat=4_102_444_800)),
        _refusal("nbf_invalid", lambda: login_jwt(nbf=4_102_444_800)),
        _refusal("lifetime", lambda: login_jwt(iat=_ago(-50), exp=_ago(20))),
        _refusal("expired", lambda: login_jwt(iat=_ago(7200), exp=_ago(3600))),
        _refusal("not_yet_valid", lambda: login_jwt(iat=_ago(-95))),
        _refusal("issuer", lambda: login_jwt(iss="https://login.xsolla.com/")),
        _refusal("project", lambda: login_jwt(slug="omits")),
        _refusal("audience", lambda: login_jwt(aud="somebody else")),
        _refusal("sub_missing", lambda: login_jwt(sub=...)),
        _refusal("sub_not_text", lambda: login_jwt(sub=7)),
        _refusal("sub_blank", lambda: login_jwt(sub="")),
        _refusal("sub_too_long", lambda: login_jwt(sub="x" * 256)),
        _refusal("sub_surrounding_blanks", lambda: login_jwt(sub=f" {USER}")),
        _refusal("sub_unprintable", lambda: login_jwt(sub=f"{USER}\u202e")),
        _refusal("sub_junk", lambda: login_jwt(sub="null")),
        _refusal("email_missing", lambda: login_jwt(email=...)),
        _refusal("email_unusable", lambda: login_jwt(email="josé@player.example")),
    ]  # fmt: skip


def _list_places() -> list[Case]:
    """Return the requests that are refused for where they come from or go to."""
    return [
        ("origin", [Line(arguments=f"{_COOKIE}-H 'Origin: https://evil.example' {_ACME}", token=login_jwt)]),
        ("fetch_mode", [Line(arguments=f"{_COOKIE}-H 'Sec-Fetch-Mode: navigate' {_ACME}", token=login_jwt)]),
        _refusal("blocked", lambda: login_jwt(sub=BLOCKED_USER)),
        _refusal("unknown_integration", login_jwt, slug="nobody"),
        _refusal("disabled", lambda: login_jwt(slug="off"), slug="off"),
        _refusal("rs256_keys", lambda: stranger_rs256(project_id=project_of("no-keys"), kid="any"), slug="no-keys"),
        _refusal("login_secret", lambda: login_jwt(slug="no-login-secret"), slug="no-login-secret"),
        _refusal("zendesk_secret", lambda: login_jwt(slug="no-zendesk-secret"), slug="no-zendesk-secret"),
        _refusal("zendesk_key_id", lambda: login_jwt(slug="no-key-id"), slug="no-key-id"),
        ("method", [Line(arguments=f"-X DELETE {_COOKIE}{_ACME}", token=login_jwt)]),
        ("address_limit", [Line(arguments=_COOKIE + _ACME, place="address", token=login_jwt)]),
        ("user_limit", [Line(arguments=_COOKIE + _ACME, place="user", token=login_jwt)]),
    ]  # fmt: skip


class Sandbox:
    """The sandbox's Login, as far as the transcript needs it."""

    def __init__(self, *, url: str) -> None:
        self._url, self._token = url, ""

    def omar(self) -> str:
        """Return a Login JWT of the player whose project signs with RS256."""
        self._token = str(_post(f"{self._url}/_control/login_jwt", {"player": "omar"})["token"])
        return self._token

    def omar_under_a_new_key(self) -> str:
        """Let Login make a new key, and return a token under it."""
        form = "&".join(f"{name}={value}" for name, value in SERVER_CLIENT.items()).encode()
        server = _post(f"{self._url}/login/api/oauth2/token", form)["access_token"]
        _post(f"{self._url}/login/api/projects/{OMAR_PROJECT}/keys", {}, {"X-SERVER-AUTHORIZATION": str(server)})
        return self.omar()

    def last_token(self) -> str:
        """Return the last token once more."""
        return self._token


def transcript() -> str:
    """Start everything, ask every line and return what belongs into the page's fence. Raises: CannotTranscribe."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zdbridge-transcript-")))
        urls = {name: f"http://127.0.0.1:{_free_port()}" for name in PORTS}
        sandbox = f"http://127.0.0.1:{_free_port()}"
        answers = list(_ask_bare(stack, folder=folder / "bare", url=urls["bare"]))
        main = _environment(folder / "main", ZDBRIDGE_PORT=_port(urls["main"]), ZDBRIDGE_SANDBOX_PORT=_port(sandbox))
        stack.enter_context(_running([sys.executable, "manage.py", "up"], environment=main, url=urls["main"]))
        _set_up(main)
        for name in ("address", "user"):
            limited = main | {f"ZDBRIDGE_TOKEN_LIMIT_PER_{name.upper()}": "1", "ZDBRIDGE_ALLOW_LOOPBACK": "1"}
            stack.enter_context(_web(environment=limited, url=urls[name]))
            _ask(Line(arguments="-b 'token=$JWT' {}/generate/token/acme", token=login_jwt, place=name), urls=urls)
        login = Sandbox(url=sandbox)
        # Keys are fetched by a thread. A token without a key would have them fetched, which the page is to show.
        omar = Line(arguments="-b 'token=$JWT' {}/generate/token/demo-rs256", token=login.omar)
        _until(lambda: " 200 OK" in _ask(omar, urls=urls), what="the keys of the RS256 project never came")
        for heading, lines in list_cases(login):
            answers.append(f"# {heading}\n" + "".join(_ask(line, urls=urls) for line in lines))
        return "\n".join(answers)


def _ask_bare(stack: ExitStack, *, folder: Path, url: str) -> Iterator[str]:
    environment = _environment(folder)
    line = Line(arguments="{}/generate/token", place="bare")
    stack.enter_context(_web(environment=environment, url=url))
    yield f"# unavailable\n{_ask(line, urls={'bare': url})}"
    _manage(environment, "migrate", "--verbosity", "0")
    _until(lambda: "nothing_configured" in _ask(line, urls={"bare": url}), what="the migrated database was not seen")
    yield f"# nothing configured\n{_ask(line, urls={'bare': url})}"


def _set_up(environment: Mapping[str, str]) -> None:
    """Make the integrations of the transcript, all in one process, because each takes seconds to start."""
    folder = Path(environment["ZDBRIDGE_DATA_DIR"])
    calls: list[tuple[str, ...]] = []
    for slug, changes in INTEGRATIONS.items():
        values: dict[str, object] = {
            "name": slug, "login_project_id": project_of(slug), "login_secret_key": LOGIN_SECRET, "sync_enabled": False,
            "zendesk_shared_secret": ZENDESK_SECRET, "allowed_origins": ["https://shop.example"], **changes,
        }  # fmt: skip
        kept = {key: one for key, one in values.items() if one is not None}
        calls.append(_setting(folder / f"{slug}.json", slug, kept))
    calls.append(_setting(folder / "later.json", "no-login-secret", {"login_secret_key": None}))
    calls.append(("integration", "block", "acme", BLOCKED_USER))
    code = [
        "from django.core.management import call_command",
        "from linking.models import ConfigVersion, Integration",
        *(f"call_command(*{call!r})" for call in calls),
        # What cannot be saved any more, but could be once.
        "Integration.objects.filter(slug='no-key-id').update(zendesk_key_id='')",
        "ConfigVersion.bump()",
    ]
    _manage(environment, "shell", "-c", "\n".join(code))


def _setting(path: Path, slug: str, values: Mapping[str, object]) -> tuple[str, ...]:
    path.write_text(json.dumps(values), encoding="utf-8")
    return ("integration", "set", slug, "--json", str(path))


def _ask(line: Line, *, urls: Mapping[str, str]) -> str:
    """Return a curl line as the page shows it, with its answer."""
    time.sleep(line.wait_s)
    token = line.token() if line.token else ""
    url = urls[line.place]
    given = line.arguments.replace("{}", url).replace("$JWT", token).replace("$TOKEN", token)
    done = subprocess.run(["curl", "-s", "-i", *shlex.split(given)], capture_output=True, check=False, timeout=30)
    head, _blank, body = done.stdout.decode().replace("\r\n", "\n").partition("\n\n")
    if done.returncode or not head:
        raise CannotTranscribe(f"curl ended with {done.returncode} at {line.arguments}")
    status, *headers = head.split("\n")
    names = [one.partition(":")[0].lower() for one in headers]
    wanted = set(names) - {"date"} if line.headers is None else line.headers
    shown = [one.rstrip() for name, one in zip(names, headers, strict=True) if name in wanted]
    command = f"$ curl -s -i {line.arguments.replace('{}', f'http://127.0.0.1:{PORTS[line.place]}')}"
    return "\n".join([command, status.rstrip(), *shown, *_body_shown(body)]) + "\n"


def _body_shown(body: str) -> list[str]:
    if not body.startswith('{"token"'):
        return [body] if body else []
    header, claims, _signature = str(json.loads(body)["token"]).split(".")
    opened = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in (header, claims)]
    return [f'{{"token":"{header}.….…"}}', *(f"# {one}" for one in opened)]


def _environment(folder: Path, **more: str) -> dict[str, str]:
    refused = ("ZDBRIDGE_", "XSOLLA_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(refused)}
    folder.mkdir(parents=True, exist_ok=True)
    return kept | {"ZDBRIDGE_DATA_DIR": str(folder)} | more


def _web(*, environment: Mapping[str, str], url: str) -> Any:
    command = [sys.executable, "-m", "zdbridge.serving.web", "127.0.0.1", _port(url), "1"]
    return _running(command, environment=environment, url=url)


@contextmanager
def _running(command: list[str], *, environment: Mapping[str, str], url: str) -> Iterator[None]:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=said, stderr=subprocess.STDOUT)
        try:
            _until(lambda: _is_healthy(url) or process.poll() is not None, what=f"{command[1:4]} did not start")
            if process.poll() is not None:
                said.seek(0)
                raise CannotTranscribe(f"{command[1:4]} ended: {said.read()[-2000:].decode(errors='replace')}")
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _manage(environment: Mapping[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), text=True, capture_output=True, check=False)
    if done.returncode:
        raise CannotTranscribe(f"manage.py {arguments[0]} ended with {done.returncode}: {done.stderr}")


def _post(url: str, body: Mapping[str, object] | bytes, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=dict(headers or {}))  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found = json.load(answer)
    return found if isinstance(found, dict) else {}


def _until(condition: Callable[[], bool], *, what: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while not condition():
        if time.monotonic() > end:
            raise CannotTranscribe(what)
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port(url: str) -> str:
    return url.rpartition(":")[2]


def split_page(page: str) -> tuple[str, str, str]:
    """Return the page before the transcript, the transcript, and what follows."""
    before, fence, rest = page.partition("```console\n")
    text, end, after = rest.partition("```")
    return before + fence, text, end + after


def comparable(text: str) -> list[str]:
    """Return the lines of a transcript without what differs from run to run."""
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text.splitlines()


def main() -> int:
    """Compare or write; return the exit code."""
    parser = argparse.ArgumentParser(description="Ask the running product every line of the endpoint's transcript.")
    parser.add_argument("--write", action="store_true", help="put what was answered into the page")
    options = parser.parse_args()
    before, kept, after = split_page(PAGE.read_text(encoding="utf-8"))
    try:
        answers = transcript()
    except CannotTranscribe as error:
        print(error, file=sys.stderr)
        return 2
    if options.write:
        PAGE.write_text(before + answers + after, encoding="utf-8")
        return 0
    differences = list(
        difflib.unified_diff(comparable(kept), comparable(answers), "the page", "the product", lineterm="")
    )
    print("\n".join(differences) or f"{answers.count('$ curl')} lines asked; the page is right.")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
