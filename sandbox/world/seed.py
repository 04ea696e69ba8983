"""Generated worlds: any number of visitors and chats, the same for the same plan."""

from __future__ import annotations

import gc
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from random import Random

from sandbox.world.state import ACCOUNT_ID, Chat, World, ZendeskVisitor

BASE_S = 1_767_312_000  # 2026-01-02T00:00:00Z: after the demo integration's sync_start
DAY_S = 86_400
SPAN_S = 7 * DAY_S
SAFE_AGE_S = 3_600  # generated times are at least this old, well over the export's five minutes
UPDATED_AFTER_S = 700
TOKEN_LENGTH = 14
FIRST_NAMES = (
    "Ada", "Bo", "Chen", "Dara", "Elif", "Femi", "Gil", "Hana",
    "Ines", "Jun", "Kofi", "Lena", "Mira", "Noor", "Omid", "Pia",
)  # fmt: skip
LAST_NAMES = (
    "Adeyemi", "Berg", "Costa", "Dubois", "Eriksen", "Fujita",
    "Garcia", "Haas", "Ivanova", "Jansen", "Kaya", "Lund",
)  # fmt: skip
JUNK_IDS = ("undefined", "null", "0", " ", "a\u0000b", " padded ", "x" * 256)


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """The size of a world; counts are exact. `start_s` is its first second, `span_s` its length."""

    visitors: int = 100
    chats: int = 200
    ties: int = 0
    anonymous_share: float = 0.3
    offline_share: float = 0.1
    shared: int = 0
    aliases: int = 0
    gone: int = 0
    junk: int = 0
    malformed: int = 0
    seed: int = 1
    start_s: int = BASE_S
    span_s: int = SPAN_S


def fill(*, world: World, plan: SeedPlan) -> None:
    """Replace the world's visitors and chats according to the plan.

    Every visitor gets a chat before any gets a second, so that all are reachable when the chats suffice. Of those
    with an `external_id` the first `junk` get one that is not a user ID, the next `shared` repeat another's, the next
    `gone` answer 404, and the next `aliases` have an older ID in their chats.
    """
    was_enabled = gc.isenabled()
    gc.disable()  # hundreds of thousands of small records, none of which is garbage
    try:
        rng = Random(plan.seed)
        visitors = _make_visitors(rng, plan)
        chats = _make_chats(rng, plan, visitors)
        _make_odd(rng, world, plan, visitors, chats)
        world.load(visitors=visitors, chats=chats)
        for place in range(plan.malformed):
            world.put_chat(_make_malformed(place, plan))
    finally:
        if was_enabled:
            gc.enable()


def _draw_tokens(rng: Random, count: int) -> list[str]:
    """Return `count` distinct tokens of letters and digits."""
    text = b64encode(rng.randbytes(count * TOKEN_LENGTH)).decode().translate(str.maketrans("+/=", "xyz"))
    tokens = [text[place * TOKEN_LENGTH : (place + 1) * TOKEN_LENGTH] for place in range(count)]
    return tokens if len(set(tokens)) == count else _draw_tokens(rng, count)


def _make_visitors(rng: Random, plan: SeedPlan) -> list[ZendeskVisitor]:
    """Return the visitors; the number of anonymous ones is exact, which they are is random."""
    anonymous = set(rng.sample(range(plan.visitors), round(plan.visitors * plan.anonymous_share)))
    digits = rng.randbytes(16 * plan.visitors).hex()
    visitors = []
    for place, token in enumerate(_draw_tokens(rng, plan.visitors)):
        visitor_id, created_s = f"{ACCOUNT_ID}.{token}", plan.start_s - 1 - place % 86_400
        if place in anonymous:
            visitors.append(ZendeskVisitor(visitor_id, f"Visitor {10_000_000 + place}", created_s=created_s))
            continue
        h = digits[32 * place : 32 * place + 32]
        user_id = f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
        first, last = FIRST_NAMES[place % len(FIRST_NAMES)], LAST_NAMES[place % len(LAST_NAMES)]
        email = "" if place % 11 == 10 else f"{first.lower()}.{last.lower()}.{place}@player.example"
        visitors.append(
            ZendeskVisitor(visitor_id, email or f"{first} {last}", email, "", "", created_s, False, user_id)
        )
    return visitors


def _make_chats(rng: Random, plan: SeedPlan, visitors: list[ZendeskVisitor]) -> list[Chat]:
    """Return the chats; exactly `ties` of them share one update time, in the middle of the span."""
    tie_s = plan.start_s + plan.span_s // 2
    offline = round(plan.offline_share * 1000)
    draw, span_s = rng.random, max(1, plan.span_s - UPDATED_AFTER_S)
    # In order of time, so that the indices are nearly sorted already.
    starts = sorted(plan.start_s + int(draw() * span_s) for _ in range(plan.chats))
    chats = []
    for place, (token, start_s) in enumerate(zip(_draw_tokens(rng, plan.chats), starts, strict=True)):
        if place < plan.ties or start_s == tie_s - UPDATED_AFTER_S:
            # Any other chat that falls into the second of the ties comes a second later.
            start_s = tie_s - UPDATED_AFTER_S + (place >= plan.ties)  # noqa: PLW2901
        update_s = start_s + UPDATED_AFTER_S
        owner = visitors[place if place < plan.visitors else int(draw() * plan.visitors)]
        is_offline = place * 7919 % 1000 < offline
        chats.append(Chat(
            f"{_format_month(start_s // DAY_S)}.{ACCOUNT_ID}.{token}", owner.id, start_s,
            0 if is_offline else start_s + 300, update_s, "offline_msg" if is_offline else "chat",
        ))  # fmt: skip
    return chats


@lru_cache(maxsize=4096)
def _format_month(day: int) -> str:
    """Return the `YYMM` at the start of a chat's ID, for its day since 1970."""
    return f"{datetime.fromtimestamp(day * DAY_S, UTC):%y%m}"


def _make_odd(rng: Random, world: World, plan: SeedPlan, visitors: list[ZendeskVisitor], chats: list[Chat]) -> None:
    """Turn some linked visitors into the special cases of the plan."""
    world.visitors, world.chats, world.aliases, world.by_external = {}, {}, {}, {}
    linked = iter([visitor for visitor in visitors if visitor.external_id])
    for place, visitor in zip(range(plan.junk), linked, strict=False):
        visitor.external_id = JUNK_IDS[place % len(JUNK_IDS)]
    for _, visitor in zip(range(plan.shared), linked, strict=False):
        other = next(linked, visitor)
        visitor.external_id = other.external_id
    for _, visitor in zip(range(plan.gone), linked, strict=False):
        visitor.gone = True
    older = {
        visitor.id: f"{ACCOUNT_ID}.{token}"
        for visitor, token in zip(linked, _draw_tokens(rng, plan.aliases), strict=False)
    }
    world.aliases.update({alias: visitor_id for visitor_id, alias in older.items()})
    if older:
        for chat in chats:
            chat.visitor_id = older.get(chat.visitor_id, chat.visitor_id)


def _make_malformed(place: int, plan: SeedPlan) -> Chat:
    """Return a record that no client can use, in one of several ways; all lie in the middle of the export."""
    chat_id = f"2601.{ACCOUNT_ID}.broken{place:08d}"
    shapes = (
        {"id": chat_id, "visitor": "nobody"},
        {"visitor": {"id": None}},
        "not an object",
        None,
        {"id": chat_id, "visitor": []},
    )
    update_s = plan.start_s + plan.span_s // 2 + 1
    return Chat(chat_id, "", update_s, update_s, update_s, raw=[shapes[place % len(shapes)]])
