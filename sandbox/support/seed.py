"""Generated Support users, the same for the same plan, and the small cast of a plain start."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from sandbox.support.book import build_owner
from sandbox.support.people import AGENT, END_USER, FIRST_USER_ID, SandboxUser
from sandbox.world.cast import LINKED as CHAT_NAMES
from sandbox.world.cast import TOVE, build_user_id
from sandbox.world.seed import BASE_S, FIRST_NAMES, LAST_NAMES, SAFE_AGE_S, SPAN_S

STEP = 17  # between user IDs
FOREIGN_IDS = ("crm-{0:06d}", "{0:08d}", "user:{0:06d}@game", "null")
LATE_S = 3_600  # the range of a change after the creation


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """How many Support users; counts are exact and stand beside one another.

    `support_users` are end users whose external ID is a UUID. Of them `upper` have it in capital letters, `suspended`
    are suspended, `deleted` deleted. `foreign` are further end users whose external ID is no UUID. `ties` users share
    one time of change. The first of `support_agents` is the admin who made the OAuth clients; there is always one.
    """

    support_users: int = 0
    support_agents: int = 0
    support_without_id: int = 0
    support_foreign: int = 0
    support_upper: int = 0
    support_suspended: int = 0
    support_deleted: int = 0
    support_ties: int = 0
    seed: int = 1
    start_s: int = BASE_S
    span_s: int = SPAN_S


def make_people(plan: PeoplePlan) -> list[SandboxUser]:
    """Return the users in order of ID; agents and people without an external ID lie in between."""
    rng = Random(plan.seed)
    kinds = _draw_kinds(rng, plan)
    digits = rng.randbytes(16 * plan.support_users).hex()
    draw, span_s = rng.random, max(1, plan.span_s - LATE_S)
    times = sorted(plan.start_s + int(draw() * span_s) for _ in kinds)
    people, counts = [build_owner(created_s=plan.start_s)], dict.fromkeys("uafn", 0)
    for place, (kind, created_s) in enumerate(zip(kinds, times, strict=True)):
        user = _make_user(kind, counts[kind], created_s, digits, FIRST_USER_ID + STEP * (place + 1))
        user.updated_s = created_s + place * 7919 % LATE_S
        counts[kind] += 1
        people.append(user)
    _make_odd(plan, people)
    return people


@contextmanager
def pause_collection() -> Iterator[None]:
    """Collect no garbage meanwhile: millions of small records are made, none of which is any."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _draw_kinds(rng: Random, plan: PeoplePlan) -> str:
    """Return a letter for each user but the owner, shuffled: u with UUID, a agent, f foreign ID, n no ID."""
    letters = list(
        "u" * plan.support_users + "a" * max(0, plan.support_agents - 1) + "f" * plan.support_foreign
        + "n" * plan.support_without_id
    )  # fmt: skip
    rng.shuffle(letters)
    return "".join(letters)


def _make_user(kind: str, number: int, created_s: int, digits: str, user_id: int) -> SandboxUser:
    """Return one user; some have a blank name, none at all by name, or no address. Source: README M3."""
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number % len(LAST_NAMES)]
    name, email, external_id = f"{first} {last}", None, None
    if kind == "u":
        h = digits[32 * number : 32 * number + 32]
        external_id = f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
        email = None if number % 11 == 10 else f"{first.lower()}.{number}@player.example"
        if number % 97 == 96:
            name = "" if number % 2 else f"Web User {user_id:024x}"
    elif kind == "a":
        name, email = f"Agent {last} {number + 1}", f"agent.{number + 1}@sandbox.example"
    elif kind == "f":
        external_id, email = FOREIGN_IDS[number % len(FOREIGN_IDS)].format(number), f"crm.{number}@elsewhere.example"
    else:
        email = f"writer.{number}@elsewhere.example" if number % 3 else None
        name = name if number % 3 else f"Web User {user_id:024x}"
    role = AGENT if kind == "a" else END_USER
    return SandboxUser(user_id, name, email, external_id, role, created_s, created_s)


def _make_odd(plan: PeoplePlan, people: list[SandboxUser]) -> None:
    """Turn some users with a UUID into the special cases of the plan; let some users share one time of change."""
    linked = iter([user for user in people if user.external_id and user.email != "" and _is_uuid(user.external_id)])
    for _, user in zip(range(plan.support_upper), linked, strict=False):
        user.external_id = str(user.external_id).upper()
    for _, user in zip(range(plan.support_suspended), linked, strict=False):
        user.suspended = True
    for _, user in zip(range(plan.support_deleted), linked, strict=False):
        user.active = False
    for user in people[: plan.support_ties]:
        user.updated_s = plan.start_s + plan.span_s // 2


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4


def make_cast(*, now_s: float) -> list[SandboxUser]:
    """Return the people of a plain start, whose times lie in the thirty days before it.

    Some are people of the Chat cast, as of an account that moves to Messaging; one of these has no external ID.
    """
    end_s = int(now_s) // 3_600 * 3_600 - SAFE_AGE_S
    start_s = max(BASE_S, end_s - 30 * 86_400)
    plan = PeoplePlan(support_users=9, support_agents=3, support_without_id=4, support_foreign=2, support_upper=1,
                      support_suspended=1, support_deleted=1, start_s=start_s, span_s=end_s - start_s)  # fmt: skip
    people = make_people(plan)
    movers = [user for user in people if user.external_id and _is_uuid(user.external_id) and user.active][-4:]
    for place, user in enumerate(movers):
        user.name, user.email = CHAT_NAMES[place]
        user.external_id = build_user_id(place)
    unnamed = next(user for user in people if user.role == END_USER and user.external_id is None)
    unnamed.name, unnamed.email = CHAT_NAMES[TOVE]
    return people
