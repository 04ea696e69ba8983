"""Drill: soak. Tokens at a steady rate for an hour; memory, threads and descriptors must stay level.

nice python -m scripts.drills.soak [--minutes 60] [--rate 50]
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from scripts.drills.installation import SLUG, Installation, scratch_installation
from scripts.drills.processes import count_descriptors, list_descendants, measure_memory_mb
from scripts.drills.report import Report, build_parser, run_drill
from scripts.drills.traffic import run_traffic

SAMPLE_EVERY_S = 10.0
# Caches fill at first; what grows later is a leak.
WARM_UP_SHARE, GROWTH_LIMIT = 0.25, 0.05


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What the processes of a role hold at a moment: seconds since the start, MB, and numbers."""

    at_s: float
    memory_mb: float
    descriptors: int
    processes: int


def take_sample(pids: Sequence[int], *, at_s: float) -> Sample:
    """Measure processes."""
    return Sample(
        at_s=at_s,
        memory_mb=sum(measure_memory_mb(pid) for pid in pids),
        descriptors=sum(count_descriptors(pid) for pid in pids),
        processes=len(pids),
    )


def find_slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares through (x, y), 0 for fewer than two different x."""
    count = len(points)
    mean_x, mean_y = (sum(values) / count for values in zip(*points, strict=True)) if count else (0.0, 0.0)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def measure_growth(samples: Sequence[Sample]) -> float:
    """Return by which share the memory of the last quarter exceeds that of the quarter after warming up."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    before, after = (sum(one.memory_mb for one in part) / len(part) for part in (early, late))
    return after / before - 1 if before else 0.0


def drill(report: Report, *, options: argparse.Namespace) -> None:
    """Run everything for so many minutes."""
    with scratch_installation(port=options.port, store=options.store) as found:
        found.add_roles("web", "worker", "beat")
        samples: dict[str, list[Sample]] = {role.name: [] for role in found.roles}
        begun_at_s = time.monotonic()
        with run_traffic(ports=[found.web_port], rate=options.rate, players=found.make_players(), slug=SLUG) as traffic:
            while (at_s := time.monotonic() - begun_at_s) < options.minutes * 60:
                _sample_roles(found, samples=samples, at_s=at_s)
                time.sleep(SAMPLE_EVERY_S)
            tally = traffic.stop()
        report.promise(f"tokens, {options.minutes:g} min", is_kept=tally.is_spotless, figure=tally)
        for name, own in samples.items():
            _tell(report, name=name, samples=own)
        report.say("at the end", " ".join(found.ask_ready()[:1]))


def _sample_roles(found: Installation, *, samples: dict[str, list[Sample]], at_s: float) -> None:
    for role in found.roles:
        samples[role.name].append(take_sample([role.pid, *list_descendants(role.pid)], at_s=at_s))


def _tell(report: Report, *, name: str, samples: Sequence[Sample]) -> None:
    warm = samples[int(len(samples) * WARM_UP_SHARE) :]
    slope = find_slope([(one.at_s / 3600, one.memory_mb) for one in warm])
    growth, first, last = measure_growth(samples), samples[0], samples[-1]
    figure = (
        f"{first.memory_mb:.0f} → {last.memory_mb:.0f} MB in {last.processes} processes, {slope:+.1f} MB/h after "
        f"warming up, {growth:+.1%}; descriptors {first.descriptors} → {last.descriptors}"
    )
    report.promise(f"memory of {name} is level", is_kept=growth <= GROWTH_LIMIT, figure=figure)


if __name__ == "__main__":
    parser = build_parser(__doc__, seconds=0)
    parser.add_argument("--minutes", type=float, default=60.0)
    chosen = parser.parse_args()
    sys.exit(run_drill(partial(drill, options=chosen), limit_s=chosen.minutes * 60 + 900))
