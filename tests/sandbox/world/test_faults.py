import http.client
import re
import socket
from pathlib import Path

import pytest

from sandbox.world.faults import CHOICES, SWITCH_NAMES, Switches
from tests.sandbox.client import CHAT, Client

README = Path(__file__).parents[3] / "sandbox/README.md"
ME = f"{CHAT}/agents/me"


def statuses(client: Client, count: int, path: str = ME) -> list[int]:
    return [client.get(path).status for _ in range(count)]


class TestWhenARuleStrikes:
    def test_every_third_call(self, client: Client):
        client.control("faults", every=3, status=502)
        assert statuses(client, 6) == [200, 200, 502, 200, 200, 502]

    def test_at_most_so_many_times(self, client: Client):
        client.control("faults", times=2, status=500)
        assert statuses(client, 4) == [500, 500, 200, 200]

    def test_after_the_first_ones(self, client: Client):
        client.control("faults", after=2, times=1, status=500)
        assert statuses(client, 4) == [200, 200, 500, 200]

    def test_a_share_by_chance_the_same_for_the_same_seed(self, client: Client):
        client.control("faults", limit_per_minute=0)
        drawn = []
        for seed in (1, 1, 2):
            client.control("faults", share=0.3, seed=seed, status=502)
            drawn.append(statuses(client, 60))
        assert drawn[0] == drawn[1] != drawn[2]
        assert 5 < drawn[0].count(502) < 30

    @pytest.mark.parametrize(("share", "status"), [(0, 200), (1, 502)])
    def test_nothing_or_all_of_it(self, share: int, status: int, client: Client):
        client.control("faults", share=share, status=502)
        assert statuses(client, 5) == [status] * 5

    def test_only_where_the_path_matches(self, client: Client):
        client.control("faults", path="/visitors/", status=500)
        assert statuses(client, 1) + statuses(client, 1, f"{CHAT}/visitors/9.a") == [200, 500]

    def test_only_for_its_method(self, client: Client):
        client.control("faults", method="POST", status=500)
        assert (client.get(ME).status, client.call("POST", f"{CHAT}/visitors", {}).status) == (200, 500)

    def test_zendesk_alone_unless_a_path_is_given(self, client: Client):
        keys = "/login/api/projects/b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10/keys"
        client.control("faults", status=503)
        assert client.get(keys).status == 200
        client.control("faults", status=503, path="^/login/")
        assert client.get(keys).status == 503

    def test_each_service_words_it_in_its_own_shape(self, client: Client):
        client.control("faults", status=429, path="")
        assert client.get(ME).json()["error"] == "Rate limit exceeded"
        assert client.get("/login/api/users/me").json()["error"]["code"] == "0"
        assert client.form("/oauth2/chat/token", {}).json()["error_description"]

    def test_never_before_404_and_401(self, client: Client):
        client.control("faults", status=503)
        assert Client(client.port, "wrong").get(ME).status == 401
        assert client.get(f"{CHAT}/shoes").status == 404

    def test_never_for_control(self, client: Client):
        client.control("faults", path="", status=503)
        assert client.get("/_control/stats").status == 200


class TestWhatARuleDoes:
    @pytest.mark.parametrize(
        ("body", "kind"), [("json", "application/json"), ("text", "text/plain"), ("html", "text/html")]
    )
    def test_429_with_retry_after_in_each_body(self, body: str, kind: str, client: Client):
        client.control("faults", status=429, retry_after=7, body=body)
        answer = client.get(ME)
        assert (answer.status, answer.headers["retry-after"]) == (429, "7")
        assert answer.headers["content-type"].startswith(kind)

    @pytest.mark.parametrize("value", ["Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-5", 1.5])
    def test_retry_after_can_be_anything(self, value: object, client: Client):
        client.control("faults", retry_after=value)
        assert client.get(ME).headers["retry-after"] == str(value)

    @pytest.mark.parametrize(("kind", "status", "start"), [
        ("empty", 200, b""), ("html200", 200, b"<!doctype"), ("garbage", 200, b'{"chats": [{'), ("null", 200, b"null"),
    ])  # fmt: skip
    def test_bodies_no_client_wants(self, kind: str, status: int, start: bytes, client: Client):
        client.control("faults", kind=kind)
        answer = client.get(ME)
        assert (answer.status, answer.body[: len(start)]) == (status, start)
        assert answer.body == b"" or kind != "empty"

    def test_truncated_declares_more_than_it_sends(self, client: Client):
        client.control("faults", kind="truncated")
        with pytest.raises(http.client.IncompleteRead):
            client.get(ME)

    def test_drop_answers_nothing(self, client: Client):
        client.control("faults", kind="drop")
        with pytest.raises(http.client.RemoteDisconnected):
            client.get(ME)

    def test_slow_answers_the_truth(self, client: Client):
        truth = client.get(ME).body
        client.control("faults", kind="slow", delay_s=0.01)
        assert client.get(ME).body == truth

    @pytest.mark.parametrize(("kind", "start"), [
        ("deep", b'{"chats": [[[['), ("nan", b'{"chats": [], "count": NaN'), ("twins", b'{"chats": [], "id"'),
        ("latin1", '{"chats": [], "id": "7.a", "name": "Zoë'.encode("latin-1")),
    ])  # fmt: skip
    def test_more_bodies_no_client_wants(self, kind: str, start: bytes, client: Client):
        client.control("faults", kind=kind)
        assert client.get(ME).body.startswith(start)

    def test_huge_is_fifty_megabytes(self, client: Client):
        client.control("faults", kind="huge")
        assert int(client.call("HEAD", ME).headers["content-length"]) > 50_000_000

    def test_bomb_is_small_on_the_wire(self, client: Client):
        client.control("faults", kind="bomb")
        answer = client.call("HEAD", ME)
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < 1_100_000

    def test_redirect_leads_elsewhere(self, client: Client):
        client.control("faults", kind="redirect")
        answer = client.get(ME)
        assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")

    def test_overlong_declares_less_than_it_sends(self, client: Client):
        whole = len(client.get(ME).body)
        client.control("faults", kind="overlong")
        assert int(client.get(ME).headers["content-length"]) == whole // 2

    def test_reset_breaks_off(self, client: Client):
        client.control("faults", kind="reset")
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            client.get(ME)

    @pytest.mark.parametrize("kind", ["drip", "silence"])
    def test_an_answer_that_does_not_end(self, kind: str, client: Client):
        client.control("faults", kind=kind)
        with socket.create_connection(("127.0.0.1", client.port), timeout=0.2) as connection:
            connection.sendall(f"GET {ME} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n\r\n".encode())
            with pytest.raises(TimeoutError):
                while connection.recv(65_536):
                    pass

    @pytest.mark.parametrize(("change", "found"), [
        ({"value": [1]}, [1]), ({"value": None}, None), ({"missing": True}, "it is missing"),
    ])  # fmt: skip
    def test_drift_changes_one_field_of_every_item(self, change: dict, found: object, client: Client):
        client.control("faults", kind="drift", field="chats.visitor.id", **change)
        page = client.chat("/incremental/chats", start_time=0, fields="chats(id,visitor)")
        assert {repr(chat["visitor"].get("id", "it is missing")) for chat in page["chats"] if chat.get("visitor")} == {
            repr(found)
        }

    def test_a_spoiled_write_did_not_happen(self, empty: Client):
        empty.control("faults", status=500)
        empty.call("POST", f"{CHAT}/visitors", {"name": "N"})
        assert empty.get("/_control/stats").json()["records"]["visitors"] == 0


class TestSettingRules:
    def test_new_ones_replace_the_old(self, client: Client):
        client.control("faults", status=500)
        assert [rule["status"] for rule in client.control("faults", status=502)["rules"]] == [502]

    def test_unless_added(self, client: Client):
        client.control("faults", status=500)
        assert len(client.control("faults", status=502, add=True)["rules"]) == 2

    def test_several_at_once(self, client: Client):
        rules = [{"times": 1, "status": 500}, {"times": 1, "status": 502}]
        client.control("faults", rules=rules)
        assert statuses(client, 3) == [500, 502, 200]

    @pytest.mark.parametrize("body", [{}, {"clear": True}, {"every": 0}])
    def test_are_cleared(self, body: dict, client: Client):
        client.control("faults", status=500)
        assert client.control("faults", **body)["rules"] == []

    def test_a_switch_alone_leaves_them(self, client: Client):
        client.control("faults", status=500)
        assert len(client.control("faults", limit_per_minute=0)["rules"]) == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"evry": 7},
            {"every": "7"},
            {"every": -1},
            {"share": 2},
            {"share": "0.5"},
            {"seed": 0.5},
            {"status": 99},
            {"kind": "odd"},
            {"body": "xml"},
            {"path": "("},
            {"path": 3},
            {"delay_s": 1000},
            {"delay_s": "1"},
            {"kind": "drift"},
            {"kind": "drift", "field": 7},
            {"rules": {}},
            {"rules": [{"x": 1}]},
            {"limit_per_minute": -1},
            {"limit_per_minute": True},
            {"created_as": "roman"},
            {"visitor_list_status": 418},
            {"legacy_prefix": 0},
        ],
    )
    def test_nonsense_is_400_and_changes_nothing(self, body: dict, client: Client):
        before = client.get("/_control/faults").json()
        assert client.call("POST", "/_control/faults", body).status == 400
        assert client.get("/_control/faults").json() == before


class TestSwitches:
    @pytest.mark.parametrize("name", sorted(SWITCH_NAMES))
    def test_each_stands_in_the_readme(self, name: str):
        assert re.search(rf"^\|.*`{name}`.*\|$", README.read_text(encoding="utf-8"), re.MULTILINE)

    @pytest.mark.parametrize("name", sorted(CHOICES))
    def test_the_first_choice_is_the_default(self, name: str):
        assert getattr(Switches(), name) == CHOICES[name][0]
