"""One fact, and how many are found: each check by itself."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import Error as StoreError
from django.utils.translation import gettext as _

from zdbridge.logs import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line: `name` is a machine word, `detail` a sentence, `remedy` the next command or page for a bad one.

    `is_bad` is None where nobody can tell, because something else is away that has a line of its own.
    """

    name: str
    is_bad: bool | None = False
    detail: str
    remedy: str = ""

    def describe(self) -> str:
        """Return the line."""
        word = {False: "ok  ", True: "bad ", None: "?   "}[self.is_bad]
        remedy = f"  →  {self.remedy}" if self.remedy and self.is_bad else ""
        return " ".join(f"{word} {self.name:<10} {self.detail}{remedy}".splitlines())


Check = Callable[[], Iterable[Fact]]


def find_facts(checks: Iterable[tuple[str, Check]]) -> Iterator[Fact]:
    """Yield the facts of all `checks` (name and function) as they are found; one that fails is a fact, too."""
    for name, check in checks:
        with _quiet():
            yield from _run(name, check)


def _run(name: str, check: Check) -> Iterator[Fact]:
    try:
        yield from check()
    except StoreError:
        detail = _("Nobody can tell without the database.")
        yield Fact(name=name, is_bad=None, detail=detail)
    except Exception as error:  # noqa: BLE001 - a doctor that dies of the illness helps nobody
        detail = _("The check itself failed (%(error)s).") % {"error": redact(f"{type(error).__name__}: {error}")[:200]}
        yield Fact(name=name, is_bad=True, detail=detail, remedy=_("Report it with this line."))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings of clients out of the lines; each has a fact of its own."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
