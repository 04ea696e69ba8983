"""The small cast of a plain start: 30 visitors and 60 chats, so that a first dashboard is not empty.

IDs, names and contents are always the same; times spread over the thirty days before the start, none later than two
hours before it and none before 2026-01-02.
"""

from __future__ import annotations

from sandbox.world.seed import BASE_S, JUNK_IDS
from sandbox.world.state import ACCOUNT_ID, Ban, Chat, World, ZendeskVisitor

LEAST_AGE_S = 2 * 3_600
DAYS_S = 30 * 86_400

LINKED = (
    ("Mira Okafor", "mira@player.example"),
    ("Jonas Weiß", "jonas.weiss@player.example"),
    ("Chen Yu", "chen.yu@player.example"),
    ("Alina Sokolova", "a.sokolova@player.example"),
    ("dragonborn77", "dragonborn77@player.example"),
    ("Priya Raman", "priya@player.example"),
    ("Luca Moretti", "luca@player.example"),
    ("佐藤 花", "hana.sato@player.example"),
    ("Eduardo Lima", "edu@player.example"),
    ("ليلى حداد", "layla@player.example"),
    ("Tove Lindqvist", "tove@player.example"),
    ("Kwame Mensah", "kwame@player.example"),
    ("Zuzanna Król", "zuza@player.example"),
    ("Marek Dvořák", "marek@player.example"),
    ("Aoife Byrne", "aoife@player.example"),
    ("Rui Tavares", "rui@player.example"),
    ("Sam <script>alert(1)</script>", "sam@player.example"),
    ("X" * 120, "a-very-long-address-" + "x" * 60 + "@player.example"),
    ("SteamFox", ""),
    ("Nguyễn An", "an@player.example"),
)
TOVE = 10  # of whom a Messaging account has a user without external ID


def build_user_id(place: int) -> str:
    """Return the user ID of the person at this place in `LINKED`."""
    return f"{0x5A0000 + place:08x}-c3f0-4e11-8b1d-{0x9A00 + place:012x}"


def load_cast(*, world: World, now_s: float) -> None:
    """Fill an empty world. `now_s` epoch seconds; only times depend on it."""
    visitors = _build_people(world) + _build_odd_visitors()
    end_s = int(now_s) // 3_600 * 3_600 - LEAST_AGE_S
    start_s = max(BASE_S, end_s - DAYS_S)
    step_s = max(60, (end_s - start_s) // 60)
    for visitor in visitors:
        visitor.created_s = max(BASE_S, start_s - 3_600)
    chats = []
    for place in range(60):
        visitor = visitors[place * 7 % len(visitors)]
        began_s = start_s + place * step_s
        is_offline = place % 5 == 4
        chat_id, ended_s = f"2601.{ACCOUNT_ID}.{world.mint_token()}", 0 if is_offline else began_s + 240 + place
        kind = "offline_msg" if is_offline else "chat"
        chats.append(Chat(chat_id, visitor.id, began_s, ended_s, began_s + 400, kind))
    chats[17].details = {"visitor": None}
    chats[23].details = {"rating": "good", "comment": "Quick and kind — merci !", "tags": ["vip", "refund"]}
    world.load(visitors=visitors, chats=chats)
    _add_alias(world, chats)


def _build_people(world: World) -> list[ZendeskVisitor]:
    """Return twenty authenticated visitors; some have the e-mail as name, as the token endpoint sends it."""
    people = []
    for place, (name, email) in enumerate(LINKED):
        visitor_name = email if place % 4 == 0 and email else name
        people.append(ZendeskVisitor(world.mint_visitor_id(), visitor_name, email, external_id=build_user_id(place)))
    people[5].phone, people[5].notes = "+351 21 000 0000", "Prefers e-mail."
    people[11].banned = True
    world.bans = {
        70_001: Ban(70_001, "visitor", people[11].id, "Abuse", people[11].name, BASE_S),
        70_002: Ban(70_002, "ip_address", "192.0.2.44", "Spam"),  # an old one: no created_at
    }
    return people


def _build_odd_visitors() -> list[ZendeskVisitor]:
    """Return ten more: anonymous ones, IDs that differ only in case, one gone, one junk, one second device."""
    anonymous = [
        ZendeskVisitor(f"{ACCOUNT_ID}.anon{place}Kq7Lw2Zt", f"Visitor {48_291_000 + place * 311}") for place in range(5)
    ]
    second_device = ZendeskVisitor(
        f"{ACCOUNT_ID}.secondDev1ce99", "mira@player.example", "mira@player.example", external_id=build_user_id(0)
    )
    return [
        *anonymous,
        second_device,
        ZendeskVisitor(
            f"{ACCOUNT_ID}.SECONDdEV1CE99", "Visitor 11207555"
        ),  # the ID of the second device in the other case
        ZendeskVisitor("1.12345", "Imported record", "import@player.example", gone=True),
        ZendeskVisitor(f"{ACCOUNT_ID}.junkId00Xw31Pq", "Broken shop page", external_id=JUNK_IDS[0]),
        ZendeskVisitor(f"{ACCOUNT_ID}.offl1ne44Rt0Ab", "Left a message", "someone@elsewhere.example"),
    ]


def _add_alias(world: World, chats: list[Chat]) -> None:
    """Give one chat the ID that its visitor had before authenticating."""
    older = f"{ACCOUNT_ID}.b4Auth3nt1cate"
    chat = chats[31]
    world.put_alias(alias=older, canonical=chat.visitor_id)
    chat.visitor_id = older
