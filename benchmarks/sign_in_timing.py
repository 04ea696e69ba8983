"""Does the time of a failed sign-in tell whether there is such an account?

    python -m benchmarks.sign_in_timing [--samples 60]

Names with an account, names without one and e-mail addresses of each are tried in random order with a wrong password,
against the product's own backend and hasher. Printed is the median of each and its ratio to that of an unknown name;
1.00 tells nothing. Before, two backends hashed twice for a known name: 921 ms against 615 ms, 1.50.
"""

import argparse
import random
import statistics
import time

from benchmarks import scratch

RIGHT, WRONG = "a password of theirs", "a wrong one"


def main() -> None:
    """Print a line for each kind of name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=60)
    samples = parser.parse_args().samples
    scratch.set_up()
    with scratch.scratch_database():
        times = measure(samples=samples)
    base = statistics.median(times["unknown name"])
    for kind, found in times.items():
        middle = statistics.median(found)
        print(f"{kind:16} {1000 * middle:8.1f} ms   ratio {middle / base:5.2f}")


def measure(*, samples: int) -> dict[str, list[float]]:
    """Return the seconds of `samples` tries of each kind, in random order."""
    from django.contrib.auth import authenticate, get_user_model

    users = get_user_model().objects
    for number in range(5):
        users.create_user(f"known{number}", email=f"known{number}@house.example", password=RIGHT)
    tails = {"known name": "known{}", "unknown name": "other{}", "known address": "known{}@house.example",
             "unknown address": "other{}@house.example"}  # fmt: skip
    order = [kind for kind in tails for _sample in range(samples)]
    random.shuffle(order)
    times: dict[str, list[float]] = {kind: [] for kind in tails}
    for place, kind in enumerate(order):
        login = tails[kind].format(place % 5)
        # As the sign-in page does: what looks like an address is sent as both.
        names = {"email": login, "username": login} if "@" in login else {"username": login}
        begun_s = time.perf_counter()
        authenticate(None, password=WRONG, **names)
        times[kind].append(time.perf_counter() - begun_s)
    return times


if __name__ == "__main__":
    main()
