"""Does the time of a refusal tell how much of a signature was right? Welch's t-test over interleaved measurements.

    python -m benchmarks.constant_time [--samples 200000]

Two kinds of wrong signatures, one wrong in its first byte and one in its last, are checked in random order. Under 4.5
the t value is what chance alone gives (the threshold of the TVLA method). The same is measured for a comparison that
stops at the first difference: it shows that the measurement would notice.
"""

import argparse
import hmac
import random
import statistics
import time
from collections.abc import Callable
from hashlib import sha256

from linking.core import jws

KEY = b"a-login-secret-key-for-this-benchmark-only"
TEXT = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0"
RIGHT = hmac.digest(KEY, TEXT, sha256)
THRESHOLD = 4.5


def main() -> None:
    """Measure both comparisons and print their t values."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    samples = parser.parse_args().samples
    for name, check in (("verify_hs256", _ours), ("stops at the first difference", _naive)):
        found = abs(_t_value(check, samples=samples))
        print(f"{name:32} |t| = {found:8.2f}   {'a difference' if found > THRESHOLD else 'no difference seen'}")


def _wrong(at: int) -> bytes:
    changed = bytearray(RIGHT)
    changed[at] ^= 1
    return bytes(changed)


def _ours(signature: bytes) -> None:
    unverified = jws.UnverifiedJWS(
        header=jws.Header(algorithm="HS256", key_id=None), signing_input=TEXT, payload=b"{}", signature=signature
    )
    try:
        jws.verify_hs256(unverified, keys=(KEY,))
    except jws.JWSError:
        return


def _naive(signature: bytes) -> None:
    for ours, theirs in zip(hmac.digest(KEY, TEXT, sha256), signature, strict=True):
        if ours != theirs:
            return


def _t_value(check: Callable[[bytes], None], *, samples: int) -> float:
    chance = random.Random(1)  # noqa: S311 - an order nobody has to guess
    kinds = (_wrong(0), _wrong(len(RIGHT) - 1))
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(samples):
        kind = chance.randrange(2)
        began = time.perf_counter_ns()
        check(kinds[kind])
        times[kind].append(time.perf_counter_ns() - began)
    # Interruptions by the machine are thousands of times longer than any difference looked for.
    limit = statistics.quantiles(times[0] + times[1], n=20)[-1]
    first, last = ([one for one in kind if one <= limit] for kind in times)
    spread = statistics.variance(first) / len(first) + statistics.variance(last) / len(last)
    return (statistics.fmean(first) - statistics.fmean(last)) / spread**0.5


if __name__ == "__main__":
    main()
