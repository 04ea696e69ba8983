"""What a drill says: one line a fact, and exit code 1 when a promise was broken."""

import argparse
import signal
import sys
from collections.abc import Callable
from types import FrameType

EXIT_KEPT, EXIT_BROKEN, EXIT_NOT_RUN, EXIT_INTERRUPTED = 0, 1, 2, 130


class DrillFailed(Exception):
    """The drill could not be run to its end; the message says why."""


class Report:
    """Prints facts and promises as they come."""

    def __init__(self, *, write: Callable[[str], object] = print) -> None:
        self._write = write
        self._promises = self._broken = 0

    def say(self, fact: str, figure: object = "") -> None:
        """Print a fact that nobody promised."""
        self._write(f"        {_join(fact, figure)}")

    def promise(self, fact: str, *, is_kept: bool, figure: object = "") -> None:
        """Print a promise and whether it was kept."""
        self._promises += 1
        self._broken += not is_kept
        self._write(f"{'kept' if is_kept else 'BROKEN':<8}{_join(fact, figure)}")

    def close(self) -> int:
        """Print the count of promises, and return the exit code."""
        self._write(f"{self._promises - self._broken} of {self._promises} promises kept")
        return EXIT_BROKEN if self._broken or not self._promises else EXIT_KEPT


def _join(fact: str, figure: object) -> str:
    return f"{fact}: {figure}" if figure != "" else fact


def build_parser(docstring: str | None, *, seconds: float, rate: float = 50.0) -> argparse.ArgumentParser:
    """Return a parser with the options that every drill has; `seconds` is the default length of one stretch."""
    parser = argparse.ArgumentParser(description=(docstring or "").strip().splitlines()[0])
    parser.add_argument("--seconds", type=float, default=seconds, help="length of one stretch (default %(default)s)")
    parser.add_argument("--rate", type=float, default=rate, help="tokens a second (default %(default)s)")
    parser.add_argument("--port", type=int, default=8850, help="the first of ten free ports (default %(default)s)")
    parser.add_argument(
        "--store", choices=("servers", "sqlite"), default="servers", help="PostgreSQL with Redis, or SQLite"
    )
    return parser


def run_drill(drill: Callable[[Report], None], *, limit_s: float) -> int:
    """Run `drill`, for at most so many seconds, and return the exit code. Ctrl-C and SIGTERM end it tidily."""
    report = Report()

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise DrillFailed(f"It takes longer than {limit_s:g} s.")

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        drill(report)
    except DrillFailed as error:
        print(f"The drill could not be run. {error}", file=sys.stderr)
        return EXIT_NOT_RUN
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return report.close()
