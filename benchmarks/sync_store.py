"""Measures how fast the sync stores, beside one `update_or_create` a row, and how much memory it takes.

    python benchmarks/sync_store.py [--database postgresql:///NAME] [--visitors 100000] [--chats 200000] [--queued 0]

Pages and answers come from memory, made as they are asked for, and calls are not paced: what is measured is reading
the vendor's JSON values, planning and storing. `--queued` puts so many visitors into the queue at once and measures
what taking the next fifty costs then. The database is `test_NAME`, made for the run and dropped after it.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from scratch import StillTime, resident_mb, scratch_database, set_up

PAGE = 1000
NAIVE_ROWS = 1000
FIRST_S = 1_767_312_000


class MemoryChat:
    """A Chat account that computes its records: chat n names visitor n mod `visitors`."""

    def __init__(self, *, visitors: int, chats: int) -> None:
        self._visitors, self._chats = visitors, chats

    def export_page(self, *, start_epoch_s: int, start_id: str = "") -> Any:
        """Return the page after the cursor; a second holds one chat."""
        from linking.zendesk_chat import ExportPage

        first = max(0, start_epoch_s - FIRST_S + bool(start_id))
        records = tuple(self._chat(number) for number in range(first, min(first + PAGE, self._chats)))
        last = first + len(records) - 1
        return ExportPage(records=records, end_epoch_s=FIRST_S + last, end_id=f"c{last}", is_short=len(records) < PAGE)

    def visitor(self, *, visitor_id: str) -> Any:
        """Return a visitor; two of three carry a user ID."""
        from linking.core.visitors import parse_visitor

        number = int(visitor_id[3:])
        return parse_visitor(self._contact(number) | {
            "created": FIRST_S, "banned": False, "external_id": f"user-{number}" if number % 3 else "",
        })  # fmt: skip

    def bans_page(self, **_options: Any) -> Any:
        """Return no bans."""
        from linking.zendesk_chat import BansPage

        return BansPage(visitor_ids=frozenset(), last_id=None, is_empty=True)

    def close(self) -> None:
        """Nothing is open."""

    def _contact(self, number: int) -> dict[str, Any]:
        email = f"player.{number}@player.example"
        return {"id": f"7.v{number}", "name": email, "email": email, "phone": "+351 210 000 000", "notes": ""}

    def _chat(self, number: int) -> dict[str, Any]:
        at = (datetime.fromtimestamp(FIRST_S + number, tz=UTC)).isoformat().replace("+00:00", "Z")
        return {
            "id": f"c{number}", "type": "chat", "update_timestamp": at, "timestamp": at, "deleted": False,
            "visitor": self._contact(number % self._visitors),
        }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="empty: SQLite in a scratch folder")
    for name, default in (("visitors", 100_000), ("chats", 200_000), ("queued", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    set_up(database_url=options.database)
    with scratch_database():
        print(f"at rest: {resident_mb():.0f} MB resident")
        naive = naive_rows_a_second()
        whole_pass(options, naive=naive)
        if options.queued:
            long_queue(options.queued)


def naive_rows_a_second() -> float:
    """Store the visitors of one page one by one, as the textbook does."""
    from linking.models import Visitor

    row = make_integration(slug="naive")
    chat = MemoryChat(visitors=NAIVE_ROWS, chats=NAIVE_ROWS)
    page = chat.export_page(start_epoch_s=0)
    began = time.perf_counter()
    for record in page.records:
        visitor, at = record["visitor"], datetime.fromisoformat(record["update_timestamp"])
        values = {key: visitor[key] for key in ("name", "email", "phone", "notes")}
        seen = values | {"first_seen_at": at, "last_seen_at": at, "last_chat_id": record["id"]}
        Visitor.objects.update_or_create(integration=row, visitor_id=visitor["id"], defaults=seen)
    found = len(page.records) / (time.perf_counter() - began)
    Visitor.objects.filter(integration=row).delete()
    print(f"update_or_create: {found:8.0f} rows a second")
    return found


def whole_pass(options: argparse.Namespace, *, naive: float) -> None:
    """Store pages, then answers, as one pass does; print both rates and the memory."""
    from linking import sync
    from linking.asking import Clock, Patience, asker
    from linking.store import slots

    row, still = make_integration(slug="bench"), StillTime()
    chat = MemoryChat(visitors=options.visitors, chats=options.chats)
    sync.open_client = lambda **_options: chat  # type: ignore[assignment]
    asker.slots.take_slot = lambda **_options: slots.Wait(seconds=0.0)
    marks: list[float] = []
    chat_visitor = chat.visitor

    def first_visitor(*, visitor_id: str) -> Any:
        if not marks:
            marks.append(time.perf_counter())
        return chat_visitor(visitor_id=visitor_id)

    chat.visitor = first_visitor  # type: ignore[method-assign]
    clock = Clock(now=lambda: still.now, sleep=still.sleep)
    began = time.perf_counter()
    report = sync.run_pass(
        integration_id=row.pk, trigger="schedule", clock=clock, patience=Patience(longest_wait_s=60.0),
        allow_loopback=True,
    )  # fmt: skip
    ended = time.perf_counter()
    chats_s, answers_s = marks[0] - began, ended - marks[0]
    run = report.run
    assert report.is_complete and run is not None and run.lookups == options.visitors, report
    print(f"pages:   {run.chats:8} chats   in {chats_s:6.1f} s, {run.chats / chats_s:7.0f} a second, "
          f"{run.chats / chats_s / naive:.0f} x update_or_create")  # fmt: skip
    print(f"answers: {run.lookups:8} answers in {answers_s:6.1f} s, {run.lookups / answers_s:7.0f} a second")
    print(
        f"in all:  {(run.chats + run.lookups) / (ended - began):.0f} records a second; {resident_mb():.0f} MB resident"
    )


def long_queue(number: int) -> None:
    """Queue visitors in bulk and take the next ones."""
    from linking.models import Visitor
    from linking.store import lookups

    row, now = make_integration(slug="queue"), datetime.now(tz=UTC)
    for first in range(0, number, 5_000):
        Visitor.objects.bulk_create(
            Visitor(integration=row, visitor_id=f"8.q{one}", first_seen_at=now - timedelta(seconds=one),
                    last_seen_at=now, lookup_due_at=now, lookup_rank=1)
            for one in range(first, min(first + 5_000, number))
        )  # fmt: skip
    before_mb, began = resident_mb(), time.perf_counter()
    for _ in range(100):
        taken = lookups.next_lookups(integration_id=row.pk, now=now, is_eager=False, limit=50)
        Visitor.objects.filter(pk__in=[key for key, _ in taken]).update(lookup_due_at=None)
    took_ms = (time.perf_counter() - began) * 10
    print(f"queue of {number}: {took_ms:.1f} ms for the next 50, {resident_mb() - before_mb:.1f} MB more resident")


def make_integration(*, slug: str) -> Any:
    """Return an integration with a token."""
    from linking import registry
    from linking.core.config import SecretName
    from linking.models import ConfigVersion, Integration, keep_secret

    row = Integration.objects.create(
        slug=slug, name=slug, login_project_id=slug, zendesk_subdomain="bench", requests_per_minute=100_000
    )
    keep_secret(
        integration=row, name=SecretName.ZENDESK_ACCESS_TOKEN, plain="a-token", actor="benchmark",
        now=datetime.now(tz=UTC),
    )  # fmt: skip
    ConfigVersion.bump()
    registry.refresh()
    return row


if __name__ == "__main__":
    main()
