"""Does the time of a refusal tell how much of a signature was right? Welch's t-test over interleaved measurements.

    python -m benchmarks.constant_time [--samples 200000]

Two kinds of wrong signatures, one wrong in its first byte and one in its last, are checked in random order. Under 4.5
the t value is what chance alone gives (the threshold of the TVLA method). The same is measured for a comparison that
stops at the first difference: it shows that the measurement would notice. Both signatures are built anew each time, in
random order, and one of them is checked: of two objects that are kept, one may be kinder to the processor's caches.
"""

import argparse
import hmac
import random
import statistics
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from linking.tokens import jws

KEY = b"a-login-secret-key-for-this-benchmark-only"
TEXT = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0"
RIGHT = hmac.digest(KEY, TEXT, sha256)
THRESHOLD = 4.5


def main() -> None:
    """Measure both comparisons and print their t values."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    samples = parser.parse_args().samples
    compared: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], None]]] = {
        "verify_hs256": (_read, _carefully),
        "stops at the first difference": (bytes, _naive),
    }
    for name, (given, check) in compared.items():
        found = abs(_t_value(given, check, samples=samples))
        print(f"{name:32} |t| = {found:8.2f}   {'a difference' if found > THRESHOLD else 'no difference seen'}")


def _wrong(at: int) -> bytes:
    changed = bytearray(RIGHT)
    changed[at] ^= 1
    return bytes(changed)


def _read(signature: bytes) -> jws.UnverifiedJWS:
    header = jws.Header(algorithm="HS256", key_id=None)
    return jws.UnverifiedJWS(header=header, signing_input=TEXT, payload=b"{}", signature=signature)


def _carefully(unverified: jws.UnverifiedJWS) -> None:
    try:
        jws.verify_hs256(unverified, keys=(KEY,))
    except jws.JWSError:
        return


def _naive(signature: bytes) -> None:
    for ours, theirs in zip(hmac.digest(KEY, TEXT, sha256), signature, strict=True):
        if ours != theirs:
            return


def _t_value(given: Callable[[bytes], Any], check: Callable[[Any], None], *, samples: int) -> float:
    chance = random.Random(1)  # noqa: S311 - an order nobody has to guess
    wrong = (_wrong(0), _wrong(len(RIGHT) - 1))
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(samples):
        kind, begin = chance.randrange(2), chance.randrange(2)
        made = {which: given(wrong[which]) for which in (begin, 1 - begin)}
        one = made[kind]
        began = time.perf_counter_ns()
        check(one)
        # Apart, because whatever knows the kind must not be timed with it.
        took = time.perf_counter_ns() - began
        times[kind].append(took)
    # Interruptions by the machine are thousands of times longer than any difference looked for.
    limit = statistics.quantiles(times[0] + times[1], n=20)[-1]
    first, last = ([one for one in kind if one <= limit] for kind in times)
    spread = statistics.variance(first) / len(first) + statistics.variance(last) / len(last)
    return (statistics.fmean(first) - statistics.fmean(last)) / spread**0.5


if __name__ == "__main__":
    main()
