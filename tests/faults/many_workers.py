"""Runs three schedulers and eight workers at once on one account: no pass overlaps another, no minute goes over budget.

    python tests/faults/many_workers.py --database postgresql:///NAME --redis redis://127.0.0.1:6379/7
        [--minutes 10] [--beats 3] [--workers 8] [--per-minute 190] [--visitors 700] [--port 9490] [--spoil]

Two integrations share the account and its budget. The sandbox counts the calls of every 60 s, the runs say when each
pass began and ended. `--spoil` makes a call of this program's own besides, once the budget is used up, which must be
noticed. Ends with 1 when two passes of one integration overlap or a minute holds more calls than the budget. Not part
of the tests.
"""

import sys
import time
import urllib.request
from collections import Counter
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs


def main():
    numbers = {"minutes": 10, "beats": 3, "workers": 8, "per-minute": 190, "visitors": 700, "port": 9490}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil",))
    is_spoiled, options.spoil = options.spoil, False
    roles = ("beat",) * options.beats + ("worker",) * options.workers
    with rigs.Rig(options, roles=roles, world={"ties": 200}) as rig:
        add_a_second(rig)
        end = time.monotonic() + 60 * options.minutes
        while time.monotonic() < end:
            rig.keep_busy(at_least=100)
            rig.revive()
            time.sleep(5)
        if is_spoiled:
            call_besides(options)
        calls, most = rig.chat_calls()
        overlaps, passes = look_at_runs()
        rig.hurry()
        found = rig.settle()
    return rigs.verdict(
        told=f"{options.beats} schedulers and {options.workers} workers for {options.minutes} min: {passes}; "
        f"{overlaps} overlaps; {calls} calls, {most} at most in 60 s of {options.per_minute}; {rigs.told(found)}",
        flaws=[
            *rigs.mapping_flaws(found),
            f"{overlaps} passes overlap" if overlaps else "",
            f"{most} calls in a minute" if most > options.per_minute else "",
        ],
    )


def add_a_second(rig):
    """Make another integration of the same account."""
    from tests.factories import make_integration

    make_integration(
        slug="faults-too",
        login_project_id="another-project",
        secrets={"zendesk_access_token": rigs.TOKEN},
        requests_per_minute=rig.options.per_minute,
        zendesk_api_url=rig.mine.zendesk_api_url,
    )


def call_besides(options):
    """Make more calls than a minute holds, which no worker counts."""
    url = f"http://127.0.0.1:{options.port}/api/v2/chat/account"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {rigs.TOKEN}"})
    for _ in range(options.per_minute):
        urllib.request.urlopen(request, timeout=10).read()


def look_at_runs():
    """Return how many passes began before the one before them of the same integration ended, and how passes ended."""
    from linking.models import SyncRun

    overlaps, endings = 0, Counter()
    for integration_id in SyncRun.objects.values_list("integration_id", flat=True).distinct().order_by():
        passes = list(SyncRun.objects.filter(integration_id=integration_id).order_by("started_at", "pk"))
        overlaps += sum(
            one.finished_at is None or after.started_at < one.finished_at for one, after in pairwise(passes)
        )
        endings.update(one.stop_reason or one.state for one in passes)
    return overlaps, "passes: " + ", ".join(f"{number} {name}" for name, number in endings.most_common())


if __name__ == "__main__":
    raise SystemExit(main())
