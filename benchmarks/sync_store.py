"""Measures how fast the sync stores, beside one `update_or_create` a row, and how much memory it takes.

    python benchmarks/sync_store.py [--database postgresql:///NAME] [--visitors 100000] [--chats 200000] [--queued 0]

First bulk writes: pages and batches of answers, read already, beside the same rows stored one by one; both write the
same columns of the same tables with all their indexes, and take turns, so that the ratio holds on a busy machine. One
by one means one `update_or_create` a visitor for pages, and one each for visitor, Login user and link for answers;
first each in a transaction of its own, as code without further thought does it, then all of them in one.

Then a whole pass: pages and answers come from memory, made as they are asked for, and calls are not paced, so that it
consists of reading the vendor's JSON values, planning and storing. `--queued` puts so many visitors into the queue at
once and measures what taking the next five hundred costs then. The database is `test_NAME`, made for the run and
dropped after it.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from scratch import StillTime, resident_mb, scratch_database, set_up

PAGE = 1000
BATCH = 500  # answers, as asking/visitors.py stores them
ROUNDS = 5
NAIVE_ROWS = 100
OUR_ROWS = 2000
FIRST_S = 1_767_312_000


class MemoryChat:
    """A Chat account that computes its records: chat n names visitor n mod `visitors`."""

    def __init__(self, *, visitors: int, chats: int) -> None:
        self._visitors, self._chats = visitors, chats

    def export_page(self, *, start_epoch_s: int, start_id: str = "") -> Any:
        """Return the page after the cursor; a second holds one chat."""
        from linking.clients.zendesk_chat import ExportPage

        first = max(0, start_epoch_s - FIRST_S + bool(start_id))
        records = tuple(self.chat(number) for number in range(first, min(first + PAGE, self._chats)))
        last = first + len(records) - 1
        return ExportPage(
            records=records, end_epoch_s=FIRST_S + last, end_id=f"2601.7.c{last:09}", is_short=len(records) < PAGE
        )

    def visitor(self, *, visitor_id: str) -> Any:
        """Return a visitor; two of three carry a user ID."""
        from linking.clients.zendesk_records import parse_visitor

        number = int(visitor_id[3:])
        return parse_visitor(self._contact(number) | {
            "created": FIRST_S, "banned": False, "external_id": f"user-{number}" if number % 3 else "",
        })  # fmt: skip

    def bans_page(self, **_options: Any) -> Any:
        """Return no bans."""
        from linking.clients.zendesk_chat import BansPage

        return BansPage(visitor_ids=frozenset(), last_id=None, is_empty=True)

    def close(self) -> None:
        """Nothing is open."""

    def _contact(self, number: int) -> dict[str, Any]:
        email = f"player.{number}@player.example"
        return {"id": f"7.v{number}", "name": email, "email": email, "phone": "+351 210 000 000", "notes": ""}

    def chat(self, number: int) -> dict[str, Any]:
        """Return a record of the export."""
        at = (datetime.fromtimestamp(FIRST_S + number, tz=UTC)).isoformat().replace("+00:00", "Z")
        return {
            "id": f"2601.7.c{number:09}", "type": "chat", "update_timestamp": at, "timestamp": at, "end_timestamp": at,
            "deleted": False, "visitor": self._contact(number % self._visitors), "duration": number % 3600,
            "rating": ("good", "bad", None, None)[number % 4], "department_name": "Support" if number % 2 else None,
            "tags": ["purchase", "refund"] if number % 3 == 0 else [], "missed": False,
            "zendesk_ticket_id": number if number % 5 == 0 else None,
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
        bulk_writes()
        whole_pass(options)
        if options.queued:
            long_queue(options.queued)


def bulk_writes() -> None:
    """Store new, changed and unchanged visitors and answers both ways in turns; print rates and ratios."""
    ours, naive = Ours(), Naive()
    rates: dict[str, list[float]] = {}
    for turn in range(ROUNDS):
        for later, what in enumerate(("visitors added", "visitors changed")):
            for is_one, way in ((False, "one by one"), (True, "in one transaction")):
                chats = naive.chats(turn=turn, later=later, is_one=is_one)
                rates.setdefault(f"{what} {way}", []).append(naive.rate(naive.store_visitor, chats, is_one=is_one))
            rates.setdefault(what, []).append(ours.rate(ours.store_pages, ours.chats(turn=turn, later=later)))
        rates.setdefault("visitors unchanged", []).append(
            ours.rate(ours.store_pages, ours.chats(turn=turn, later=later))
        )
        for is_one, way in ((False, "one by one"), (True, "in one transaction")):
            answers = naive.answers(turn=turn, is_one=is_one)
            rates.setdefault(f"answers {way}", []).append(naive.rate(naive.store_answer, answers, is_one=is_one))
        rates.setdefault("answers", []).append(ours.rate(ours.store_answers, ours.answers(turn=turn)))
    print(f"bulk writes, rows a second and how often the rate of one by one; medians of {ROUNDS} turns:")
    for what in ("visitors added", "visitors changed", "visitors unchanged", "answers"):
        print(f"  {what:18}: {median(rates[what]):8.0f}{beside(rates, what)}")


def beside(rates: dict[str, list[float]], what: str) -> str:
    """Return what the same took one by one, as the end of a line."""
    told = ""
    for way in ("one by one", "in one transaction"):
        if naive := rates.get(f"{what} {way}"):
            ratio = median(ours / one for ours, one in zip(rates[what], naive, strict=True))
            told += f" | {way} {median(naive):6.0f}, {ratio:6.1f} x"
    return told or " (writes none)"


class Naive:
    """The textbook: `update_or_create` a row."""

    def __init__(self) -> None:
        self._row = make_integration(slug="naive")

    def chats(self, *, turn: int, later: int, is_one: bool) -> list[Any]:
        """Return the chats of a turn, read."""
        return parsed_chats(first=(turn * 2 + is_one) * NAIVE_ROWS, number=NAIVE_ROWS, later=later)

    def answers(self, *, turn: int, is_one: bool) -> list[Any]:
        """Return the answers about the same visitors."""
        return records(first=(turn * 2 + is_one) * NAIVE_ROWS, number=NAIVE_ROWS)

    def rate(self, store: Callable[[Any], None], records: Iterable[Any], *, is_one: bool) -> float:
        """Return how many records a second are stored one by one."""
        from django.db import transaction

        began, number = time.perf_counter(), 0
        with transaction.atomic() if is_one else nullcontext():
            for record in records:
                store(record)
                number += 1
        return number / (time.perf_counter() - began)

    def store_visitor(self, chat: Any) -> None:
        """Store the visitor of a chat, every column that a page writes."""
        from linking.models import Visitor

        visitor, at = chat.visitor, chat.updated_at
        Visitor.objects.update_or_create(
            integration=self._row, visitor_id=visitor.visitor_id,
            defaults={
                "name": visitor.name, "email": visitor.email, "phone": visitor.phone, "notes": visitor.notes,
                "first_seen_at": at, "last_seen_at": at, "last_chat_id": chat.chat_id,
                "lookup_due_at": at, "lookup_rank": 1, "lookup_attempts": 0,
            },
        )  # fmt: skip

    def store_answer(self, record: Any) -> None:
        """Store an answer: the visitor, and where it names one the user and the link."""
        from linking.models import LoginUser, Visitor, VisitorLink

        now = datetime.now(tz=UTC)
        visitor, _ = Visitor.objects.update_or_create(
            integration=self._row, visitor_id=record.visitor_id,
            defaults={
                "name": record.name, "email": record.email, "phone": record.phone, "notes": record.notes,
                "is_banned": record.is_banned, "created_at": record.created_at, "external_id": record.user_id,
                "state": "linked" if record.user_id else "anonymous", "checked_at": now, "checked_activity_at": now,
                "lookup_due_at": None, "lookup_rank": 2, "lookup_attempts": 0,
            },
        )  # fmt: skip
        if record.user_id:
            user, _ = LoginUser.objects.update_or_create(
                integration=self._row, user_id=record.user_id, defaults={"is_seen_in_chat": True}
            )
            VisitorLink.objects.update_or_create(
                visitor=visitor, ended_at=None,
                defaults={"login_user": user, "evidence_asked_id": record.visitor_id, "first_seen_at": now,
                          "last_confirmed_at": now},
            )  # fmt: skip


class Ours:
    """Pages and batches as the sync stores them: lease, plan, rows, cursor and counts in one transaction."""

    def __init__(self) -> None:
        from linking.sync.store import leases, runs

        self._row = make_integration(slug="bulk")
        held = leases.take(name="benchmark")
        assert held is not None
        self._held = held
        self._run = runs.start_run(
            integration_id=self._row.pk, trigger="benchmark", is_full=False, now=datetime.now(tz=UTC)
        )

    def chats(self, *, turn: int, later: int) -> list[Any]:
        """Return the chats of a turn, read."""
        return parsed_chats(first=turn * OUR_ROWS, number=OUR_ROWS, later=later)

    def answers(self, *, turn: int) -> list[Any]:
        """Return the answers about the same visitors."""
        return records(first=turn * OUR_ROWS, number=OUR_ROWS)

    def rate(self, store: Callable[[Sequence[Any]], None], records: list[Any]) -> float:
        """Return how many records a second are stored."""
        began = time.perf_counter()
        store(records)
        return len(records) / (time.perf_counter() - began)

    def store_pages(self, chats: Sequence[Any]) -> None:
        """Store chats page by page."""
        from linking.sync.store import pages
        from linking.sync.store.runs import Cursor
        from linking.sync.work import COUNTS

        for first in range(0, len(chats), PAGE):
            some = tuple(chats[first : first + PAGE])
            page = pages.ParsedPage(chats=some, unreadable=(), start=Cursor(epoch_s=FIRST_S))
            pages.store_page(
                held=self._held, run=self._run, page=page, is_caught_up=False, counts=dict.fromkeys(COUNTS, 0),
                cursor=Cursor(epoch_s=FIRST_S, chat_id=some[-1].chat_id), now=datetime.now(tz=UTC),
            )  # fmt: skip

    def store_answers(self, records: Sequence[Any]) -> None:
        """Store answers batch by batch."""
        from django.db import transaction

        from linking.sync.store import leases, runs
        from linking.sync.store.answers import store_answers
        from linking.sync.store.batch import VisitorAnswer
        from linking.sync.work import COUNTS

        for first in range(0, len(records), BATCH):
            now = datetime.now(tz=UTC)
            answers = [VisitorAnswer(asked_id=one.visitor_id, record=one) for one in records[first : first + BATCH]]
            with transaction.atomic():
                leases.renew(held=self._held)
                store_answers(run=self._run, answers=answers, now=now)
                runs.touch_run(run=self._run, counts=dict.fromkeys(COUNTS, 0), now=now)


def parsed_chats(*, first: int, number: int, later: int) -> list[Any]:
    """Return chats of `number` visitors, read; those of a later round are newer."""
    from linking.clients.zendesk_records import parse_chat

    chat = MemoryChat(visitors=10**9, chats=10**9)
    moved = timedelta(days=later)
    found = [parse_chat(chat.chat(one), fallback_at=datetime.now(tz=UTC)) for one in range(first, first + number)]
    return [replace(one, updated_at=one.updated_at + moved) for one in found]  # type: ignore[type-var]


def records(*, first: int, number: int) -> list[Any]:
    """Return the answers about `number` visitors."""
    chat = MemoryChat(visitors=10**9, chats=10**9)
    return [chat.visitor(visitor_id=f"7.v{one}") for one in range(first, first + number)]


def whole_pass(options: argparse.Namespace) -> None:
    """Store pages, then answers, as one pass does; print both rates and the memory."""
    from linking.sync import calls_with_retries
    from linking.sync import run as sync
    from linking.sync.calls_with_retries import Clock, Patience
    from linking.sync.chat.source import ChatSource
    from linking.sync.store import request_slots as slots

    row, still = make_integration(slug="bench"), StillTime()
    chat = MemoryChat(visitors=options.visitors, chats=options.chats)
    ChatSource.open_client = lambda _source, **_options: chat  # type: ignore[assignment,method-assign]
    calls_with_retries.slots.take_slot = lambda **_options: slots.Wait(seconds=0.0)
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
    print(f"pages:   {run.chats:8} chats   in {chats_s:6.1f} s, {run.chats / chats_s:7.0f} a second")
    print(f"answers: {run.lookups:8} answers in {answers_s:6.1f} s, {run.lookups / answers_s:7.0f} a second")
    print(
        f"in all:  {(run.chats + run.lookups) / (ended - began):.0f} records a second; {resident_mb():.0f} MB resident"
    )


def long_queue(number: int) -> None:
    """Queue visitors in bulk and take the next ones."""
    from linking.models import Visitor
    from linking.sync.store import lookups

    row, now = make_integration(slug="queue"), datetime.now(tz=UTC)
    for first in range(0, number, 5_000):
        Visitor.objects.bulk_create(
            Visitor(integration=row, visitor_id=f"8.q{one}", first_seen_at=now - timedelta(seconds=one),
                    last_seen_at=now, lookup_due_at=now, lookup_rank=1)
            for one in range(first, min(first + 5_000, number))
        )  # fmt: skip
    before_mb, began = resident_mb(), time.perf_counter()
    for _ in range(100):
        taken = lookups.list_next_lookups(integration_id=row.pk, now=now, is_eager=False, limit=BATCH)
        ids = [question.visitor_id for question in taken]
        Visitor.objects.filter(integration=row, visitor_id__in=ids).update(lookup_due_at=None)
    took_ms = (time.perf_counter() - began) * 10
    print(f"queue of {number}: {took_ms:.1f} ms for the next {BATCH}, {resident_mb() - before_mb:.1f} MB more resident")


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
