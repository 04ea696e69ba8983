import pytest

from sandbox.control import is_user_id
from sandbox.http1 import Request
from sandbox.jwt import decode_unverified
from sandbox.world.box import Box
from tests.sandbox.client import CHAT, Client


class TestReset:
    def test_brings_back_the_plain_start(self, client: Client):
        before = client.get("/_control/truth").json()
        client.control("seed", visitors=3, chats=3)
        client.control("faults", created_as="iso", every=1)
        client.control("reset")
        faults = client.get("/_control/faults").json()
        assert client.get("/_control/truth").json() == before
        assert (faults["rules"], faults["switches"]["created_as"]) == ([], "epoch")

    def test_can_leave_nothing(self, client: Client):
        assert client.control("reset", empty=True) == {"visitors": 0, "chats": 0, "aliases": 0, "bans": 0}

    def test_gives_the_minute_back(self, client: Client):
        client.control("faults", limit_per_minute=1)
        client.chat("/account")
        client.control("reset")
        assert client.get(f"{CHAT}/account").status == 200


class TestSeed:
    def test_replaces_the_world_and_tells_what_it_holds(self, client: Client):
        told = client.control("seed", visitors=10, chats=25, ties=5, anonymous_share=0.3, seed=1)
        assert (told["visitors"], told["chats"], told["ties"], told["anonymous"], told["truth"]) == (10, 25, 5, 3, 7)
        assert len(client.get("/_control/truth").json()["truth"]) == 7

    def test_truth_is_what_reading_the_api_finds(self, client: Client):
        client.control("seed", visitors=40, chats=60, aliases=5, gone=4, junk=3, shared=2, malformed=2)
        client.control("faults", limit_per_minute=0)
        page = client.chat("/incremental/chats", fields="chats(visitor)")["chats"]
        ids = {
            chat["visitor"]["id"] for chat in page if isinstance(chat, dict) and isinstance(chat.get("visitor"), dict)
        }
        answers = [client.get(f"{CHAT}/visitors/{visitor_id}") for visitor_id in ids - {None}]
        read = [answer.json() for answer in answers if answer.status == 200]
        found = {visitor["id"]: visitor.get("external_id") for visitor in read}
        linked = {visitor_id: user_id for visitor_id, user_id in found.items() if is_user_id(user_id)}
        assert linked == client.get("/_control/truth").json()["truth"]

    @pytest.mark.parametrize("number", [20261127, -1, 2**80, 0])
    def test_the_seed_may_be_any_whole_number(self, number: int, client: Client):
        found = []
        for _ in range(2):
            client.control("seed", visitors=5, chats=8, seed=number)
            found.append(client.get("/_control/truth").json())
        assert found[0] == found[1]

    def test_a_visitor_without_chat_is_not_in_the_truth(self, client: Client):
        assert client.control("seed", visitors=10, chats=4, anonymous_share=0)["truth"] == 4

    def test_now_ends_an_hour_ago(self, client: Client):
        told = client.control("seed", visitors=5, chats=50, now=True)
        assert "2026-09-14T13:13:20Z" <= told["first_update"] < told["last_update"] <= "2026-09-21T13:13:20Z"

    @pytest.mark.parametrize(
        "body",
        [
            {"visitors": -1},
            {"visitors": "many"},
            {"visitors": 10**9},
            {"anonymous_share": 2},
            {"visitors": 0, "chats": 1},
            {"shoes": 42},
            {"visitors": True},
            {"seed": 1.5},
            {"seed": "x"},
            {"seed": True},
        ],
    )
    def test_refuses_nonsense(self, body: dict, client: Client):
        assert client.call("POST", "/_control/seed", body).status == 400


class TestTruth:
    def test_pages_by_after(self, client: Client):
        client.control("seed", visitors=10, chats=10, anonymous_share=0)
        first = client.get("/_control/truth", limit=6).json()
        second = client.get("/_control/truth", limit=6, after=first["next"]).json()
        assert (first["count"], first["remaining"], second["count"], second["next"]) == (6, 4, 4, None)
        assert not set(first["truth"]) & set(second["truth"])

    @pytest.mark.parametrize(
        ("external_id", "names"),
        [
            ("u", True),
            (42, True),
            ("x" * 255, True),
            ("x" * 256, False),
            ("", False),
            (None, False),
            (" ", False),
            (" u", False),
            ("null", False),
            ("Undefined", False),
            ("0", False),
            (0, False),
            ("a\u0000", False),
            (True, False),
        ],
    )
    def test_junk_names_nobody(self, external_id: object, names: bool):
        assert is_user_id(external_id) is names


class TestRecords:
    def test_a_visitor_can_be_changed_in_part(self, empty: Client):
        empty.control("visitors", id="1.a", name="A", email="a@b.c")
        empty.control("visitors", id="1.a", external_id="u")
        shown = empty.chat("/visitors/1.a")
        assert (shown["email"], shown["external_id"]) == ("a@b.c", "u")

    def test_null_can_be_planted_where_text_is_documented(self, empty: Client):
        empty.control("visitors", id="1.a", name=None, email=None)
        empty.control("chats", id="c", visitor_id="1.a")
        assert (empty.chat("/visitors/1.a")["email"], empty.chat("/chats/c")["visitor"]["name"]) == (None, None)
        assert empty.chat("/chats/search", q="none")["count"] == 0

    def test_a_chat_comes_again_when_its_time_moves(self, empty: Client):
        empty.control("visitors", id="1.a", name="A")
        empty.control("chats", id="c", visitor_id="1.a", update_timestamp=1000, rating="bad")
        empty.control("chats", id="c", update_timestamp="2026-01-01T00:00:00Z")
        page = empty.chat("/incremental/chats", start_time=1001, fields="chats(visitor,rating)")
        assert page["chats"][0]["rating"] == "bad"
        assert page["chats"][0]["visitor"]["id"] == "1.a"

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("visitors", {"name": "no id"}),
            ("visitors", {"id": "1", "shoe": 1}),
            ("visitors", {"items": [3]}),
            ("visitors", {"id": "1", "created_s": "soon"}),
            ("visitors", {"id": "1", "email": 3}),
            ("chats", {}),
            ("chats", {"id": "c", "update_timestamp": "soon"}),
            ("chats", {"id": "c", "update_timestamp": 10**30}),
            ("aliases", {"alias": "a", "canonical": "b"}),
            ("raw_chats", {"id": "r", "shoe": 1}),
            ("shared_secret", {}),
            ("login_jwt", {"player": "nobody"}),
            ("login_jwt", {"player": "nadia", "claims": []}),
        ],
    )
    def test_nonsense_is_400_in_words(self, name: str, body: dict, client: Client):
        answer = client.call("POST", f"/_control/{name}", body)
        assert answer.status == 400
        assert answer.json()["description"]


class TestStats:
    def test_counts_by_path_template_and_method(self, client: Client):
        client.chat("/agents/me")
        client.get(f"{CHAT}/visitors/9.a")
        client.get("/api/v2/visitors/9.b")
        stats = client.get("/_control/stats").json()
        assert stats["calls"]["GET /api/v2/chat/visitors/{visitor_id}"] == 1
        assert stats["calls"]["GET /api/v2/visitors/{visitor_id}"] == 1
        assert (stats["zendesk_calls"], stats["per_minute_max"], stats["by_status"]["zendesk 404"]) == (3, 3, 2)

    def test_counts_zendesk_jwts_by_what_the_judge_said(self, client: Client):
        for token in ("", "no token", "no token"):
            client.call("POST", "/widget/judge", {"jwt": token})
        assert client.get("/_control/stats").json()["zendesk_jwts"] == {"malformed": 2, "missing": 1}

    def test_shows_tokens_as_fingerprints_only(self, client: Client):
        Client(client.port, "a-secret-token").get(f"{CHAT}/account")
        stats = client.get("/_control/stats")
        assert b"a-secret-token" not in stats.body
        assert list(stats.json()["tokens"].values()) == [1]


class TestWhoMay:
    def test_needs_no_token(self, client: Client):
        assert client.get("/_control/stats").status == 200

    def test_a_page_of_another_site_may_not(self, client: Client):
        assert client.call("POST", "/_control/reset", {}, {"Origin": "https://evil.example"}).status == 403

    @pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403)])
    def test_only_this_machine_may(self, peer: str, status: int, server, box: Box):
        request = Request("GET", "/_control/stats", "", {"host": "x"}, b"", peer, True)
        assert server.app.answer(request).status == status


class TestLoginJwt:
    def test_claims_can_be_changed_and_taken_out(self, client: Client):
        token = client.control("login_jwt", player="nadia", claims={"email": None, "sub": "me"})["token"]
        claims = decode_unverified(token).claims
        assert (claims["sub"], "email" in claims) == ("me", False)
