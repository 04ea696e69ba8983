"""What a limit costs a request: counted here, asked of Redis each time, or joined in the background.

    python -m benchmarks.limits redis://127.0.0.1:6379/0

Prints microseconds, the median of rounds. docs/decisions/0010-limits-joined-behind-the-request.md says what follows.
"""

import statistics
import sys
import time
from collections.abc import Callable

from linking.limits.counting import Limiter
from linking.limits.sharing import Exchange, open_store

CALLS = 2_000
ROUNDS = 7


def main() -> None:
    """Measure the three ways and print them."""
    store = open_store(sys.argv[1])
    here, joined = Limiter(per_minute=10**6), Limiter(per_minute=10**6, shared_as="benchmark")
    joined.take_spent()
    exchange = Exchange(store=store)

    def join(_number: int) -> None:
        exchange.run(limiters=[joined], now=time.time(), clock_s=time.monotonic())

    def spend_many() -> None:
        for number in range(500):
            joined.wait_s(key=f"user-{number}", now=time.time())

    print(f"counted here              {_median_us(lambda n: here.wait_s(key=f'user-{n % 500}', now=time.time())):8.1f}")
    print(
        f"counted here, to be told  {_median_us(lambda n: joined.wait_s(key=f'user-{n % 500}', now=time.time())):8.1f}"
    )
    print(f"asked of Redis            {_median_us(lambda n: store(keys=[f'user-{n % 500}'], args=[0.06, 1])):8.1f}")
    times = []
    for _ in range(20):
        spend_many()
        times.append(_median_us(join, calls=1, rounds=1))
    print(f"one exchange of 500 keys  {statistics.median(times):8.1f}   (in a thread, four times a second)")


def _median_us(call: Callable[[int], object], *, calls: int = CALLS, rounds: int = ROUNDS) -> float:
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for number in range(calls):
            call(number)
        found.append((time.perf_counter() - began) / calls * 1_000_000)
    return statistics.median(found)


if __name__ == "__main__":
    main()
