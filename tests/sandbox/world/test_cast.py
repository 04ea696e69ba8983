from sandbox.world.box import Box
from sandbox.world.cast import load_cast
from sandbox.world.seed import BASE_S
from sandbox.world.state import World
from tests.sandbox.client import CHAT, Client
from tests.sandbox.conftest import NOW_S


def cast(now_s: float = NOW_S) -> World:
    world = World()
    load_cast(world=world, now_s=now_s)
    return world


class TestCast:
    def test_is_small_and_mixed(self):
        world = cast()
        anonymous = sum(not visitor.external_id for visitor in world.visitors.values())
        offline = sum(chat.kind == "offline_msg" for chat in world.chats.values())
        assert (len(world.visitors), len(world.chats), anonymous, offline) == (30, 60, 8, 12)

    def test_ids_are_the_same_at_any_time(self):
        early, late = cast(NOW_S), cast(NOW_S + 500_000)
        assert (set(early.visitors), set(early.chats)) == (set(late.visitors), set(late.chats))

    def test_times_are_past_and_after_the_first_of_january(self):
        times = [time_s for time_s, _ in cast().by_update]
        assert min(times) > BASE_S
        assert max(times) < NOW_S - 3600

    def test_holds_a_visitor_who_is_gone_and_an_older_id(self, client: Client, box: Box):
        older = next(iter(box.world.aliases))
        assert client.get(f"{CHAT}/visitors/1.12345").status == 404
        assert client.chat(f"/visitors/{older}")["id"] != older
