"""Worlds by number. The large one prints its figures (`pytest -s`); what it may take is held by memory, not by time."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from sandbox.world.seed import BASE_S, SPAN_S, SeedPlan, fill
from sandbox.world.state import World, format_time
from sandbox.zendesk.shapes import build_chat
from tests.sandbox.client import Client

ROOT = Path(__file__).parents[3]


def world_of(**wishes: object) -> World:
    world = World()
    fill(world=world, plan=SeedPlan(**wishes))
    return world


class TestFill:
    def test_the_same_numbers_make_the_same_world(self):
        one, two = (world_of(visitors=50, chats=80, seed=7, aliases=3, junk=2, malformed=2) for _ in range(2))
        assert (one.visitors, one.chats, one.aliases, one.by_update) == (
            two.visitors,
            two.chats,
            two.aliases,
            two.by_update,
        )

    def test_another_seed_makes_another(self):
        assert set(world_of(seed=1).visitors).isdisjoint(world_of(seed=2).visitors)

    def test_counts_are_exact(self):
        world = world_of(visitors=100, chats=250, anonymous_share=0.25)
        anonymous = [visitor for visitor in world.visitors.values() if not visitor.external_id]
        assert (len(world.visitors), len(world.chats), len(anonymous)) == (100, 250, 25)

    def test_so_many_as_asked_for_share_one_update_time(self):
        times = Counter(chat.update_s for chat in world_of(visitors=50, chats=2500, ties=1500).chats.values())
        assert times.most_common(1)[0][1] == 1500

    def test_no_other_chat_falls_into_the_second_of_the_ties(self):
        world = world_of(visitors=1, chats=5000, ties=3, span_s=1000)  # so short that every second is drawn often
        assert sum(chat.update_s == BASE_S + 500 for chat in world.chats.values()) == 3

    def test_times_lie_in_the_span(self):
        times = [time_s for time_s, _ in world_of(visitors=20, chats=500).by_update]
        assert min(times) > BASE_S
        assert max(times) < BASE_S + SPAN_S

    def test_a_chats_id_begins_with_the_month_it_started_in(self):
        world = world_of(visitors=1, chats=50, start_s=BASE_S + 25 * 86_400, span_s=10 * 86_400)
        months = {(chat.id[:4], format_time(chat.start_s)[2:7].replace("-", "")) for chat in world.chats.values()}
        assert months == {("2601", "2601"), ("2602", "2602")}

    def test_every_visitor_has_a_chat_when_there_are_enough(self):
        world = world_of(visitors=60, chats=60)
        assert {chat.visitor_id for chat in world.chats.values()} == set(world.visitors)

    def test_shared_ones_repeat_anothers_user(self):
        users = Counter(visitor.external_id for visitor in world_of(shared=4, anonymous_share=0).visitors.values())
        assert [count for count in users.values() if count > 1] == [2, 2, 2, 2]

    @pytest.mark.parametrize(
        "wishes",
        [
            {"visitors": 0, "chats": 0},
            {"visitors": 1, "chats": 0},
            {"visitors": 5, "chats": 1},
            {"visitors": 2, "aliases": 50, "gone": 50, "junk": 50, "shared": 50},
        ],
    )
    def test_small_and_greedy_plans_work(self, wishes: dict):
        world = world_of(**wishes)
        assert len(world.visitors) == wishes["visitors"]

    def test_a_chat_is_shown_the_same_every_time(self, box):
        world = world_of(visitors=3, chats=9)
        chat = next(iter(world.chats.values()))
        assert build_chat(world, chat, switches=box.switches) == build_chat(world, chat, switches=box.switches)


class TestLargeWorld:
    @pytest.mark.slow
    def test_a_hundred_thousand_visitors_fit_in_memory(self):
        program = (
            "import resource; from sandbox.world.seed import SeedPlan, fill; from sandbox.world.state import World;"
            "world = World(); fill(world=world, plan=SeedPlan(visitors=100_000, chats=200_000));"
            "print(len(world.chats));"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        chats, kilobytes = map(int, told.stdout.split())
        print(f"\n100,000 visitors and 200,000 chats: {kilobytes // 1024} MB resident at most")
        assert chats == 200_000
        assert kilobytes < 550 * 1024

    @pytest.mark.slow
    def test_a_hundred_thousand_visitors_seed_and_page(self, client: Client):
        began_s = time.perf_counter()
        told = client.control("seed", visitors=100_000, chats=200_000)
        print(f"\nseeded in {told['elapsed_s']} s, answered in {time.perf_counter() - began_s:.2f} s")
        assert (told["visitors"], told["chats"], told["truth"]) == (100_000, 200_000, 70_000)
        assert client.chat("/incremental/chats", limit=1000)["count"] == 1000
