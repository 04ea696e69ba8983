"""Signs people in at a web role, as a browser's form does."""

import secrets

import requests

from scripts.drills.installation import Installation

LIMIT_S = 20.0
SIGN_IN, SIGN_OUT, CODE = "/accounts/login/", "/accounts/logout/", "/accounts/2fa/authenticate/"
MAKE = """
from django.contrib.auth.models import Group, User
one = User.objects.create_user({name!r}, password={password!r})
one.groups.add(Group.objects.get(name={group!r}))
"""


def make_person(installation: Installation, *, name: str, group: str = "agents") -> str:
    """Make an account and return its password."""
    password = secrets.token_urlsafe(18)
    installation.manage("shell", "-c", MAKE.format(name=name, password=password, group=group))
    return password


class Visit:
    """One browser; `forwarded_for` is the address that a proxy would name."""

    def __init__(self, *, port: int, forwarded_for: str = "") -> None:
        self._url, self._session = f"http://127.0.0.1:{port}", requests.Session()
        if forwarded_for:
            self._session.headers["X-Forwarded-For"] = forwarded_for

    def sign_in(self, *, name: str, password: str) -> str:
        """Return `in` (a second factor may follow), `refused`, `limited`, or what else the answer was."""
        return self._send(SIGN_IN, login=name, password=password)

    def try_code(self, code: str) -> str:
        """Return what comes of a code of the second factor, as `sign_in` does."""
        return self._send(CODE, code=code)

    def sign_out(self) -> None:
        """End the session; the browser keeps its other cookies."""
        self._send(SIGN_OUT)

    def _send(self, path: str, **form: str) -> str:
        url = self._url + path
        try:
            page = self._session.get(url, timeout=LIMIT_S, allow_redirects=False)
            if page.status_code != requests.codes.ok:
                return str(page.status_code)
            token = next((one.value or "" for one in self._session.cookies if "csrf" in one.name), "")
            fields = {**form, "csrfmiddlewaretoken": token}
            answer = self._session.post(
                url, data=fields, headers={"Referer": url}, timeout=LIMIT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            return type(error).__name__
        return _read_answer(answer)


def _read_answer(answer: requests.Response) -> str:
    if answer.status_code == requests.codes.found:
        return "in"
    if answer.status_code == requests.codes.too_many_requests or "Too many" in answer.text:
        return "limited"
    return "refused" if answer.status_code == requests.codes.ok else str(answer.status_code)


def try_sign_in(*, port: int, name: str, password: str, forwarded_for: str = "") -> str:
    """Return what comes of a sign-in in a fresh browser."""
    return Visit(port=port, forwarded_for=forwarded_for).sign_in(name=name, password=password)
