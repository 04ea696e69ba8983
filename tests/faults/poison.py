"""Reads an export of which one record in a hundred is spoiled, with the real roles, and looks what became of each.

    python tests/faults/poison.py [--records 100000] [--visitors 20000] [--seed 1] [--port 9520] [--spoil]

Each spoiled record must be set aside once, with its place, and everybody in the others must be found. The sandbox
spoils in five ways; three of them leave no id, and records that are the same to the letter are kept once. `--spoil`
takes a link away in the end, which must be noticed. Not part of the tests.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults import rig as rigs

WITH_ID = (0, 4)  # which of the sandbox's five ways leave the record its id (sandbox/world/seed.py)


def main():
    numbers = {"records": 100_000, "visitors": 20_000, "port": 9520, "per-minute": 100_000}
    options = rigs.read_options(about=__doc__, defaults=numbers, flags=("spoil",))
    bad = options.records // 100
    world = {"chats": options.records - bad, "malformed": bad, "junk": options.visitors // 100}
    with rigs.Rig(options, world=world) as rig, rig.tokens_asked_for() as tokens:
        from linking.models import Conflict, Quarantined

        different = sum(place % 5 in WITH_ID for place in range(bad)) + min(bad, 5 - len(WITH_ID))
        began = time.monotonic()
        found = rig.settle()
        took_s = time.monotonic() - began
        aside = Quarantined.objects.filter(integration=rig.mine, source="chat")
        kept, placed = aside.count(), aside.filter(place_epoch_s__isnull=False).count()
        junk = Conflict.objects.filter(integration=rig.mine, kind="junk_external_id").count()
        crashed = rig.runs.filter(stop_reason="crashed").count()
    return rigs.verdict(
        told=f"{options.records} records, {bad} of them spoiled ({different} different ones), in {took_s:.0f} s: "
        f"{kept} set aside, {placed} with their place, {junk} junk IDs asked about; {rigs.told(found)}; {tokens}",
        flaws=[
            *rigs.mapping_flaws(found),
            f"{kept} set aside of {different}" if kept != different or placed != different else "",
            f"{crashed} passes crashed" if crashed else "",
            f"{junk} junk IDs of {world['junk']}" if junk != world["junk"] else "",
            f"{tokens.others} answers without a token" if tokens.others else "",
        ],
    )


if __name__ == "__main__":
    raise SystemExit(main())
