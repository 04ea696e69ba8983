"""Measures the first fill of an account on Messaging: records a second, calls, memory, and what a quiet sync costs.

    python benchmarks/messaging_sync.py [--database postgresql:///NAME] [--users 100000] [--foreign 0.1]

Pages come from memory, made as they are asked for as JSON text and read as the client reads them, and calls are not
paced, so that a sync consists of reading, planning and storing. `--foreign` is the share of users of whom nothing is
stored. Beside it, in the same run, one `update_or_create` each for visitor, player and link a user. The database is
`test_NAME`, made for the run and dropped after it.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from typing import Any

from scratch import StillTime, resident_mb, scratch_database, set_up

PAGE = 1000
NAIVE_ROWS = 500
FIRST_S = 1_767_312_000


class MemorySupport:
    """A Support account that computes its users; user n changed at second n."""

    used_up_s = 0

    def __init__(self, *, users: int, foreign: float) -> None:
        self._users, self._every = users, round(1 / foreign) if foreign else users + 1
        self.calls = 0
        self.peak_mb = 0.0

    def users_page(self, *, start_epoch_s: int = 0, cursor: str = "") -> Any:
        """Return the page behind the cursor."""
        from linking.clients.support_records import read_user
        from linking.clients.zendesk_support import UsersPage

        del start_epoch_s
        self.calls += 1
        first = int(cursor or 0)
        text = json.dumps([self.make(number) for number in range(first, min(first + PAGE, self._users))])
        users = tuple(user for user in map(read_user, json.loads(text)) if user is not None)
        self.peak_mb = max(self.peak_mb, resident_mb())
        after = first + len(users)
        return UsersPage(users=users, cursor=str(after), is_end=after >= self._users)

    def make(self, number: int) -> dict[str, Any]:
        """Return a user as the export shows it."""
        at = datetime.fromtimestamp(FIRST_S + number, tz=UTC).isoformat().replace("+00:00", "Z")
        external_id = f"{number:08x}-0000-4000-8000-{number:012x}" if number % self._every else f"crm-{number}"
        email = f"player.{number}@player.example"
        return {
            "id": 21_478_000_000 + number, "name": f"Player {number}", "email": email, "phone": None, "notes": "",
            "created_at": at, "updated_at": at, "role": "end-user", "active": True, "suspended": False,
            "external_id": external_id, "tags": [], "user_fields": {}, "locale": "en-US", "time_zone": "UTC",
        }  # fmt: skip

    def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="empty: SQLite in a scratch folder")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--foreign", type=float, default=0.1)
    options = parser.parse_args()
    set_up(database_url=options.database)
    with scratch_database():
        naive = store_one_by_one(options)
        fill(options, naive=naive)


def store_one_by_one(options: argparse.Namespace) -> float:
    """Return how many users a second are stored by one `update_or_create` a row."""
    from django.db import transaction

    from linking.models import LoginUser, Visitor, VisitorLink
    from tests.linking.sync.messaging.fake_support import make_support

    row = make_support(slug="naive")
    account = MemorySupport(users=options.users, foreign=0)
    began = time.perf_counter()
    for number in range(NAIVE_ROWS):
        raw = account.make(number)
        at = datetime.fromisoformat(raw["updated_at"])
        values = {
            "name": raw["name"], "email": raw["email"], "external_id": raw["external_id"], "state": "linked",
            "first_seen_at": at, "last_seen_at": at, "checked_at": at,
        }  # fmt: skip
        with transaction.atomic():
            visitor, _ = Visitor.objects.update_or_create(integration=row, visitor_id=str(raw["id"]), defaults=values)
            user, _ = LoginUser.objects.update_or_create(integration=row, user_id=raw["external_id"])
            VisitorLink.objects.update_or_create(
                visitor=visitor, ended_at=None,
                defaults={"login_user": user, "first_seen_at": at, "last_confirmed_at": at},
            )  # fmt: skip
    return NAIVE_ROWS / (time.perf_counter() - began)


def fill(options: argparse.Namespace, *, naive: float) -> None:
    """Read everybody, then once more where nothing changed; print rates."""
    from linking.models import VisitorLink
    from linking.sync import calls_with_retries
    from linking.sync import run as sync
    from linking.sync.calls_with_retries import Clock, Patience
    from linking.sync.messaging import source
    from linking.sync.store import request_slots as slots
    from tests.linking.sync.messaging.fake_support import make_support

    account = MemorySupport(users=options.users, foreign=options.foreign)
    source.MessagingSource.open_client = lambda _source, **_options: account  # type: ignore[assignment,method-assign]
    source.fetch_in_time = lambda config, **_options: config  # type: ignore[assignment]
    calls_with_retries.slots.take_slot = lambda **_options: slots.Wait(seconds=0.0)
    row, still = make_support(slug="bench"), StillTime()
    at_rest_mb = resident_mb()
    for what in ("first fill", "quiet sync"):
        account.calls, account.peak_mb, began = 0, 0.0, time.perf_counter()
        report = sync.run_pass(
            integration_id=row.pk, trigger="command", allow_loopback=False,
            clock=Clock(now=lambda: still.now, sleep=still.sleep), patience=Patience(longest_wait_s=60.0),
        )  # fmt: skip
        seconds = time.perf_counter() - began
        rate = options.users / seconds
        print(f"{what}: {report.reason or 'complete'}, {account.calls} calls, {seconds:.2f} s")
        if what == "first fill":
            print(f"  {rate:.0f} records a second, {rate / naive:.1f} times one by one ({naive:.0f})")
            print(f"  {VisitorLink.objects.count()} links, peak {account.peak_mb:.0f} MB, {at_rest_mb:.0f} MB at rest")


if __name__ == "__main__":
    main()
