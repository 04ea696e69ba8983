import pytest

from tests.sandbox.client import CHAT, Client

JOHN = {"name": "John", "email": "john@example.com", "phone": "123", "notes": "hi"}


def linked_id(client: Client) -> str:
    return next(iter(client.get("/_control/truth").json()["truth"]))


class TestVisitorIds:
    @pytest.mark.parametrize("prefix", ["/api/v2/chat", "/api/v2"])
    def test_both_prefixes_show_the_same(self, prefix: str, client: Client):
        visitor_id = linked_id(client)
        assert client.get(f"{prefix}/visitors/{visitor_id}").json()["id"] == visitor_id

    def test_the_dash_form_is_accepted_and_answered_with_a_dot(self, client: Client):
        visitor_id = linked_id(client)
        assert client.chat("/visitors/" + visitor_id.replace(".", "-"))["id"] == visitor_id

    def test_an_older_id_answers_with_the_canonical_one(self, empty: Client):
        empty.control("visitors", id="9.new", name="N", external_id="u")
        empty.control("aliases", alias="9.old", canonical="9.new")
        assert {empty.chat(f"/visitors/{form}")["id"] for form in ("9.old", "9-old")} == {"9.new"}

    def test_letters_case_matters(self, empty: Client):
        empty.control("visitors", items=[{"id": "9.aB", "name": "one"}, {"id": "9.Ab", "name": "two"}])
        assert empty.chat("/visitors/9.Ab")["name"] == "two"

    def test_a_percent_encoded_id_is_decoded(self, empty: Client):
        empty.control("visitors", id="9.aB", name="one")
        assert empty.chat("/visitors/9%2EaB")["name"] == "one"

    @pytest.mark.parametrize("visitor_id", ["9.nobody", "x", "%00", "9.nobody%2F..%2Faccount", "😀".encode().hex()])
    def test_an_unknown_one_is_404(self, visitor_id: str, client: Client):
        answer = client.get(f"{CHAT}/visitors/{visitor_id}")
        assert (answer.status, answer.json()["error"]) == (404, "Not Found")

    def test_a_gone_one_is_404(self, empty: Client):
        empty.control("visitors", id="9.a", name="A", gone=True)
        assert empty.get(f"{CHAT}/visitors/9.a").status == 404


class TestCreatingVisitors:
    def test_answers_201_and_the_whole_visitor(self, client: Client):
        answer = client.call("POST", f"{CHAT}/visitors", JOHN)
        assert answer.status == 201
        assert client.chat("/visitors/" + answer.json()["id"]) == answer.json()

    def test_takes_the_old_name_of_the_name(self, client: Client):
        assert client.call("POST", f"{CHAT}/visitors", {"display_name": "Old"}).json()["name"] == "Old"

    def test_names_the_nameless(self, client: Client):
        assert client.call("POST", f"{CHAT}/visitors", {}).json()["name"].startswith("Visitor ")

    def test_cannot_set_an_external_id(self, client: Client):
        assert "external_id" not in client.call("POST", f"{CHAT}/visitors", JOHN | {"external_id": "me"}).json()

    @pytest.mark.parametrize("body", [b"{", b"[]", b"3", b'{"name": 3}', b"[" * 5000])
    def test_refuses_what_is_no_visitor(self, body: bytes, client: Client):
        assert client.call("POST", f"{CHAT}/visitors", body).status == 400

    def test_refuses_a_giant(self, client: Client):
        assert client.call("POST", f"{CHAT}/visitors", JOHN | {"name": "x" * 1_000_000}).status == 413


class TestChangingVisitors:
    def test_changes_what_is_said_and_keeps_the_rest(self, client: Client):
        visitor_id = client.call("POST", f"{CHAT}/visitors", JOHN).json()["id"]
        changed = client.call("PUT", f"{CHAT}/visitors/{visitor_id}", {"phone": "456", "notes": None}).json()
        assert (changed["phone"], changed["notes"], changed["name"]) == ("456", "", "John")

    def test_an_id_in_the_body_is_400(self, client: Client):
        path = f"{CHAT}/visitors/{linked_id(client)}"
        assert client.call("PUT", path, {"id": "1", "phone": "456"}).status == 400

    def test_or_another_status_by_switch(self, client: Client):
        client.control("faults", put_id_status=422)
        assert client.call("PUT", f"{CHAT}/visitors/{linked_id(client)}", {"id": "1"}).status == 422

    def test_an_external_id_is_ignored(self, client: Client):
        visitor_id = linked_id(client)
        before = client.chat(f"/visitors/{visitor_id}")["external_id"]
        changed = client.call("PUT", f"{CHAT}/visitors/{visitor_id}", {"external_id": "other"})
        assert (changed.status, changed.json()["external_id"]) == (200, before)

    def test_or_refused_by_switch(self, client: Client):
        client.control("faults", put_external_id="refuse")
        assert client.call("PUT", f"{CHAT}/visitors/{linked_id(client)}", {"external_id": "other"}).status == 400


class TestNoVisitorList:
    def test_is_404(self, client: Client):
        assert client.get(f"{CHAT}/visitors").status == 404

    def test_is_405_by_switch(self, client: Client):
        client.control("faults", visitor_list_status=405)
        assert client.get(f"{CHAT}/visitors").status == 405

    @pytest.mark.parametrize("path", ["/visitors/", "/visitors/search", "/visitors/email/a@b.c"])
    def test_nor_a_search(self, path: str, client: Client):
        assert client.get(CHAT + path).status == 404


class TestListingChats:
    def test_gives_forty_newest_first_and_a_cursor(self, client: Client):
        page = client.chat("/chats")
        times = [chat["timestamp"] for chat in page["chats"]]
        assert len(times) == 40
        assert times == sorted(times, reverse=True)
        assert page["next_url"].startswith(f"{client.url}{CHAT}/chats?cursor=")

    def test_the_last_page_has_no_next(self, client: Client):
        first = client.chat("/chats")
        last = client.follow(first["next_url"]).json()
        assert (len(last["chats"]), last["next_url"]) == (20, None)

    def test_the_count_is_of_the_page_or_of_all_by_switch(self, client: Client):
        page = client.chat("/chats")["count"]
        client.control("faults", list_count="total")
        assert (page, client.chat("/chats")["count"]) == (40, 60)

    def test_a_way_back_is_named_by_switch_only(self, client: Client):
        assert "prev_url" not in client.chat("/chats")
        client.control("faults", prev_url=True)
        assert client.chat("/chats")["prev_url"] is None

    def test_a_foreign_cursor_is_400(self, client: Client):
        assert client.get(f"{CHAT}/chats", cursor="!").status == 400

    def test_ids_give_a_map_without_unknown_ones(self, client: Client):
        known = client.chat("/chats")["chats"][0]["id"]
        assert list(client.chat("/chats", ids=f"{known},nobody")["docs"]) == [known]

    @pytest.mark.parametrize("ids", ["", ",", ",".join(map(str, range(51)))])
    def test_refuses_none_and_more_than_fifty_ids(self, ids: str, client: Client):
        assert client.get(f"{CHAT}/chats", ids=ids).status == 400


class TestWritingChats:
    def test_an_offline_message_is_created(self, client: Client):
        body = {"message": "Hi", "visitor": {"name": "N", "email": "n@example.com"}, "timestamp": 1_780_000_000}
        made = client.call("POST", f"{CHAT}/chats", body)
        assert made.status == 201
        shown = client.chat("/chats/" + made.json()["id"])
        assert (shown["type"], shown["message"], shown["visitor"]["email"]) == ("offline_msg", "Hi", "n@example.com")

    def test_one_for_a_known_visitor_stays_theirs(self, client: Client):
        visitor_id = linked_id(client)
        made = client.call("POST", f"{CHAT}/chats", {"message": "Hi", "visitor": {"id": visitor_id}}).json()
        assert made["visitor"]["id"] == visitor_id

    @pytest.mark.parametrize(
        "value", ["NaN", "-Infinity", "1e999", "[" * 64 + "]" * 64, '{"a":' * 900 + "1" + "}" * 900]
    )
    def test_takes_in_nothing_that_would_spoil_every_later_page(self, value: str, client: Client):
        refused = client.call("POST", f"{CHAT}/chats", f'{{"message": "Hi", "session": {value}}}'.encode())
        assert refused.status == 400
        assert b"NaN" not in client.get(f"{CHAT}/chats").body

    @pytest.mark.parametrize("body", [{"visitor": 3}, {"message": 3}, {"timestamp": "soon"}, {"timestamp": 9e99}])
    def test_refuses_what_is_no_chat(self, body: dict, client: Client):
        assert client.call("POST", f"{CHAT}/chats", body).status == 400

    def test_a_flattened_name_reaches_the_visitor(self, client: Client):
        made = client.call("POST", f"{CHAT}/chats", {"message": "Hi"}).json()
        client.call("PUT", f"{CHAT}/chats/{made['id']}", {"visitor.notes": "calm", "tags": ["x"]})
        shown = client.chat(f"/chats/{made['id']}")
        assert (shown["visitor"]["notes"], shown["tags"]) == ("calm", ["x"])

    def test_a_deleted_chat_is_404_and_in_no_list(self, client: Client):
        chat_id = client.chat("/chats")["chats"][0]["id"]
        client.call("DELETE", f"{CHAT}/chats/{chat_id}")
        assert client.get(f"{CHAT}/chats/{chat_id}").status == 404
        assert chat_id not in [chat["id"] for chat in client.chat("/chats")["chats"]]

    def test_many_are_deleted_by_ids(self, client: Client):
        two = [chat["id"] for chat in client.chat("/chats")["chats"][:2]]
        assert client.call("DELETE", f"{CHAT}/chats", ids=",".join(two)).status == 204
        assert client.chat("/chats", ids=",".join(two))["docs"] == {}


class TestOrderOfAnswers:
    def test_an_unknown_path_is_404_without_a_token(self, client: Client):
        assert Client(client.port, "").get(f"{CHAT}/shoes").status == 404

    def test_then_a_bad_token_is_401(self, client: Client):
        client.control("faults", limit_per_minute=1)
        client.chat("/account")
        assert Client(client.port, "wrong").get(f"{CHAT}/visitors/9.nobody").status == 401

    def test_then_the_limit_is_429(self, client: Client):
        client.control("faults", limit_per_minute=1)
        client.chat("/account")
        assert client.get(f"{CHAT}/visitors/9.nobody").status == 429

    @pytest.mark.parametrize(
        "value", ["", "sandbox-chat-token", "Basic c2FuZGJveA==", "Bearer", "Bearer a b", "Bearer é"]
    )
    def test_anything_but_the_bearer_token_is_401(self, value: str, client: Client):
        answer = client.call("GET", f"{CHAT}/account", headers={"Authorization": value})
        assert answer.status == 401
        assert set(answer.json()) == {"error", "description"}

    def test_the_old_prefix_can_be_turned_off(self, client: Client):
        client.control("faults", legacy_prefix=False)
        assert client.get("/api/v2/account").status == 404
        assert client.get(f"{CHAT}/account").status == 200

    def test_and_say_that_it_is_gone(self, client: Client):
        client.control("faults", legacy_prefix=False, legacy_gone_status=410)
        paths = ["/api/v2/account", "/oauth2/authorizations/new", "/api/v2/shoes", f"{CHAT}/account"]
        assert [client.get(path).status for path in paths] == [410, 410, 404, 200]


class TestErrorBodies:
    @pytest.mark.parametrize(
        ("shape", "start"), [("short", b'{"error":"Not Found"}'), ("text", b"Something"), ("html", b"<!doctype html>")]
    )
    def test_can_be_chosen_where_none_was_recorded(self, shape: str, start: bytes, client: Client):
        client.control("faults", error_body=shape)
        assert client.get(f"{CHAT}/visitors/9.nobody").body.startswith(start)
        assert client.get(f"{CHAT}/shoes").body.startswith(start)

    def test_the_recorded_one_stays(self, client: Client):
        client.control("faults", error_body="html")
        assert set(Client(client.port, "wrong").get(f"{CHAT}/account").json()) == {"error", "description"}


class TestMethods:
    def test_head_has_the_headers_of_get_and_no_body(self, client: Client):
        head, get = (client.call(method, f"{CHAT}/account") for method in ("HEAD", "GET"))
        assert (head.status, head.headers["content-length"], head.body) == (200, get.headers["content-length"], b"")

    def test_head_of_a_missing_visitor_is_404(self, client: Client):
        assert client.call("HEAD", f"{CHAT}/visitors/9.nobody").status == 404

    def test_options_names_the_methods_without_a_token(self, client: Client):
        answer = Client(client.port, "").call("OPTIONS", f"{CHAT}/visitors/9.a")
        assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")

    def test_another_method_is_405_with_allow(self, client: Client):
        answer = client.call("PATCH", f"{CHAT}/visitors/9.a", {})
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")
