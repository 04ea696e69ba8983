"""Turns a Login secret over while tokens are asked for at a steady rate: counts what players would have noticed.

    python -m benchmarks.rotation http://127.0.0.1:8000 SLUG [--rate 200] [--seconds 30]

Needs a running installation with the token limits lifted, and `manage.py` with the same settings. The integration's
Login secret is replaced by ones of its own, so use one that is not in service. A third of the way in, a new secret is
set with the old one accepted for another third; players go on with old tokens until then, and get new ones from the
moment of the change. After the end of the old one its tokens must be refused.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import requests

OLD, NEW = "rotation-benchmark-old-secret-0000000000", "rotation-benchmark-new-secret-1111111111"
ZENDESK = "rotation-benchmark-zendesk-secret-222222"
ISSUER, PROJECT_CLAIM = "https://login.xsolla.com", "xsolla_login_project_id"
THREADS = 8
SETTLE_S = 2.0
MANAGE = Path(__file__).resolve().parent.parent / "manage.py"


class Load:
    """Asks from several threads at a steady rate with the token of the moment."""

    def __init__(self, *, url: str, rate: int) -> None:
        self.token, self.found = "", Counter[str]()
        self._url, self._pause_s, self._is_over = url, THREADS / rate, threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(THREADS)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and wait for the last answers."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        session, due = requests.Session(), time.monotonic()
        while not self._is_over.is_set():
            answer = session.get(self._url, headers={"Authorization": f"Bearer {self.token}"}, timeout=10)
            reason = "issued" if answer.status_code == 200 else answer.json().get("reason", "?")
            self.found[f"{answer.status_code} {reason}"] += 1
            due += self._pause_s
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> int:
    """Turn the secret over under load, print the counts, and return the exit code."""
    options = _options()
    project_id = f"rotation-{options.slug}"
    _set(options.slug, name="Rotation", login_project_id=project_id, login_secret_key=OLD,
         zendesk_shared_secret=ZENDESK, sync_enabled=False,
         previous_login_secret_until=None, login_secret_key_previous=None)  # fmt: skip
    time.sleep(SETTLE_S)
    load = Load(url=f"{options.url}/generate/token/{options.slug}", rate=options.rate)
    load.token = _token(OLD, project_id=project_id)
    load.start()
    third_s = options.seconds / 3
    time.sleep(third_s)
    until = datetime.now(UTC) + timedelta(seconds=third_s + SETTLE_S)
    _set(options.slug, login_secret_key=NEW, previous_login_secret_until=until.isoformat())
    time.sleep(third_s / 2)
    load.token = _token(NEW, project_id=project_id)
    time.sleep(third_s * 1.5)
    load.stop()
    late = requests.get(
        f"{options.url}/generate/token/{options.slug}",
        headers={"Authorization": f"Bearer {_token(OLD, project_id=project_id)}"},
        timeout=10,
    )
    print(f"{sum(load.found.values())} answers at {options.rate} a second: {dict(load.found)}")
    print(f"the old secret after its time: {late.status_code} {late.json().get('reason')}")
    return 0 if set(load.found) == {"200 issued"} and late.status_code == 401 else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("slug")
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30.0)
    return parser.parse_args()


def _set(slug: str, **values: object) -> None:
    subprocess.run(
        [sys.executable, str(MANAGE), "integration", "set", slug, "--json", "-"],
        input=json.dumps(values).encode(),
        check=True,
    )


def _token(secret: str, *, project_id: str) -> str:
    now = int(time.time())
    claims = {"sub": "rotation", "email": "rotation@users.invalid", "iss": ISSUER, "iat": now, "exp": now + 3600}
    return jwt.encode(claims | {PROJECT_CLAIM: project_id}, secret, algorithm="HS256")


if __name__ == "__main__":
    sys.exit(main())
