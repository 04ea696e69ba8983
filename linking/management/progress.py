"""Progress of a sync for a person at a terminal: a bar there, a line now and then elsewhere."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TextIO

from django.utils.translation import gettext as _

from linking.models.sync.sync_run import LEFT_COUNTED_MOST
from linking.sync import history

BAR_EVERY_S, LINE_EVERY_S = 0.25, 30.0
BAR_LONGEST = 40
BAR_SHORTEST = 8
_GREEN, _PLAIN = "\x1b[32m", "\x1b[0m"


@dataclass(slots=True, kw_only=True)
class ProgressTeller:
    """Told the counts of a pass as often as they may have changed, it writes now and then.

    Args:
        stream: standard error, so that what is piped on stays clean.
        seconds: a clock that only goes forward.
        is_terminal: whether one line can be written again and again.
        has_colour: whether the bar may be green.
        columns: how wide the terminal is at this moment.
    """

    stream: TextIO
    seconds: Callable[[], float]
    is_terminal: bool
    has_colour: bool = False
    columns: Callable[[], int] = field(default=lambda: shutil.get_terminal_size().columns)
    _began_s: float | None = None
    _began_at: int = 0
    _told_s: float | None = None
    _told: str = ""
    _width: int = 0

    def __call__(self, counts: Mapping[str, int]) -> None:
        """Write how far the pass is, unless that was written a moment ago."""
        now_s = self.seconds()
        every_s = BAR_EVERY_S if self.is_terminal else LINE_EVERY_S
        if self._told_s is not None and now_s - self._told_s < every_s:
            return
        self._told_s = now_s
        if self._began_s is None and counts["lookups_left"]:
            # The rate is that of visitors: reading the export before them says nothing about it.
            self._began_s, self._began_at = now_s, counts["lookups"]
        per_minute = self._per_minute(done=counts["lookups"], now_s=now_s)
        if self.is_terminal:
            self._draw(bar_line(counts=counts, per_minute=per_minute, columns=self.columns() - 1))
        elif (line := ", ".join(_words(counts=counts, per_minute=per_minute))) != self._told:
            self._told = line
            self.stream.write(f"{line}\n")
            self.stream.flush()

    def close(self) -> None:
        """Leave the terminal's line empty for what is written next."""
        if self._width:
            self._write(f"\r{' ' * self._width}\r")
            self._width = 0

    def _per_minute(self, *, done: int, now_s: float) -> float:
        """Return visitors a minute since the first was asked about, 0 while that would be chance."""
        if self._began_s is None:
            return 0.0
        number, took_s = done - self._began_at, now_s - self._began_s
        is_chance = number < history.RATE_AFTER_LOOKUPS or took_s < history.RATE_AFTER.total_seconds()
        return 0.0 if is_chance else number * 60 / took_s

    def _draw(self, line: str) -> None:
        # Blanks over what the longer line before has left; no escape is needed for that.
        rest = " " * max(0, min(self._width, self.columns() - 1) - len(line))
        self._width = len(line)
        if self.has_colour:
            line = line.replace("[#", f"[{_GREEN}#", 1).replace("#.", f"#{_PLAIN}.", 1).replace("#]", f"#{_PLAIN}]", 1)
        self._write(f"\r{line}{rest}")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def progress_teller(*, stream: TextIO, seconds: Callable[[], float], has_colour: bool) -> ProgressTeller:
    """Return a teller that suits `stream`; `NO_COLOR` (no-color.org) and a dumb terminal are honoured."""
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    return ProgressTeller(
        stream=stream,
        seconds=seconds,
        is_terminal=is_terminal,
        has_colour=has_colour and not os.environ.get("NO_COLOR"),
    )


def bar_line(*, counts: Mapping[str, int], per_minute: float, columns: int) -> str:
    """Return one line of at most `columns` characters: what does not fit is left out, the least telling first."""
    words = _words(counts=counts, per_minute=per_minute)
    is_counted = counts["lookups_left"] < LEFT_COUNTED_MOST
    total = counts["lookups"] + counts["lookups_left"] if is_counted else 0
    while len(words) > 1 and len(", ".join(words)) + (BAR_SHORTEST + 3 if total else 0) > columns:
        words.pop()
    line = ", ".join(words)
    width = min(BAR_LONGEST, columns - len(line) - 3)
    if not total or width < BAR_SHORTEST:
        return line[: max(0, columns)]
    filled = width * counts["lookups"] // total
    return f"[{'#' * filled}{'.' * (width - filled)}] {line}"


def _words(*, counts: Mapping[str, int], per_minute: float) -> list[str]:
    """Return what there is to say, the most telling first."""
    done, left = counts["lookups"], counts["lookups_left"]
    if not done + left:
        return [
            _("%(number)s chats read") % {"number": f"{counts['chats']:,}"},
            _("%(number)s pages") % {"number": f"{counts['pages']:,}"},
        ]
    if left >= LEFT_COUNTED_MOST:
        pace = [_("%(number)s a minute") % {"number": f"{per_minute:,.0f}"}] if per_minute else []
        sentence = _("%(done)s visitors, more than %(left)s waiting")
        return [sentence % {"done": f"{done:,}", "left": f"{left:,}"}, *pace]
    words = [_("%(number)s visitors") % {"number": f"{done:,}/{done + left:,}"}, f"{100 * done // (done + left)} %"]
    if per_minute:
        time_left = history.format_rough_time(timedelta(minutes=left / per_minute))
        words += [_("%(number)s a minute") % {"number": f"{per_minute:,.0f}"}, _("%(time)s left") % {"time": time_left}]
    return words
