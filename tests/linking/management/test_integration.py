import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from linking.management.commands import integration as command
from linking.models import Integration
from tests.factories import LOGIN_PROJECT_ID, LOGIN_SECRET_KEY, make_integration

pytestmark = pytest.mark.django_db
NEW = {"name": "Acme", "login_project_id": LOGIN_PROJECT_ID, "login_secret_key": LOGIN_SECRET_KEY}
CANARY = "canary-secret-canary-secret-canary"


class Ran:
    """What one run of the command wrote and how it ended."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("integration", *arguments, stdout=out, stderr=err, no_color=True)
            self.code = 0
        except SystemExit as ended:
            self.code = ended.code
        self.out, self.err = out.getvalue(), err.getvalue()


@pytest.fixture
def stdin(monkeypatch):
    def give(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


class TestSet:
    def test_creates_from_a_file(self, tmp_path):
        path = tmp_path / "acme.json"
        path.write_text(json.dumps(NEW))
        assert Ran("set", "acme", "--json", str(path)).out == "acme: created.\n"

    def test_updates_from_standard_input(self, stdin):
        make_integration()
        stdin(b'{"name": "New"}')
        assert Ran("set", "acme", "--json", "-").out == "acme: updated.\n"
        assert Integration.objects.get().name == "New"

    def test_says_when_nothing_changed(self, stdin):
        make_integration()
        stdin(b"{}")
        assert Ran("set", "acme", "--json", "-").out == "acme: unchanged.\n"

    def test_names_an_unknown_key(self, stdin):
        stdin(json.dumps(NEW | {"colour": "red"}).encode())
        ran = Ran("set", "acme", "--json", "-")
        assert (ran.code, ran.err.startswith("colour: This is not a setting."), ran.out) == (1, True, "")

    def test_writes_one_line_a_problem(self, stdin):
        stdin(json.dumps(NEW | {"cookie_name": "", "enabled": 1, "merchant_id": "x"}).encode())
        assert len(Ran("set", "acme", "--json", "-").err.splitlines()) == 3

    @pytest.mark.parametrize(
        "content",
        [b"", b"[]", b"{", b'{"name": NaN, }', b"\xff", b'{"name": "a", "name": "b"}', b"[" * 100_000, b"1" * 5000],
    )
    def test_refuses_what_is_no_object_in_one_line(self, stdin, content):
        stdin(content)
        ran = Ran("set", "acme", "--json", "-")
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)

    def test_refuses_a_file_that_is_not_there(self):
        assert "cannot be read" in Ran("set", "acme", "--json", "/nowhere.json").err

    def test_never_writes_a_secret(self, stdin):
        stdin(
            json.dumps(NEW | {"login_secret_key": f" {CANARY}", "zendesk_shared_secret": CANARY, "x": CANARY}).encode()
        )
        ran = Ran("set", "acme", "--json", "-")
        assert CANARY not in ran.out + ran.err

    def test_never_writes_a_secret_from_broken_json(self, stdin):
        stdin(f'{{"login_secret_key": "{CANARY}"'.encode())
        assert CANARY not in Ran("set", "acme", "--json", "-").err


class TestList:
    def test_has_one_line_an_integration(self):
        make_integration()
        make_integration(slug="other", name="Other")
        assert [line.split("\t")[0] for line in Ran("list").out.splitlines()] == ["acme", "other"]

    def test_of_none_is_empty(self):
        assert Ran("list").out == ""


class TestRemove:
    def test_removes(self):
        make_integration()
        assert (Ran("remove", "acme").out, Integration.objects.count()) == ("acme: removed.\n", 0)

    @pytest.mark.parametrize("verb", ["remove", "check"])
    def test_of_an_unknown_one_says_so(self, verb):
        ran = Ran(verb, "nope")
        assert (ran.code, ran.err.startswith("There is no integration nope")) == (1, True)


class TestCheck:
    @pytest.fixture
    def found(self, monkeypatch):
        def give(*checks) -> None:
            monkeypatch.setattr(command.integrations, "check_integration", lambda **_options: checks)

        return give

    def test_ends_well_when_all_do(self, found):
        found(command.integrations.Check(name="a", is_ok=True, sentence="Fine."))
        ran = Ran("check", "acme")
        assert (ran.code, ran.out) == (0, "ok   a: Fine.\n")

    def test_ends_with_1_when_one_fails(self, found):
        found(command.integrations.Check(name="a", is_ok=False, sentence="Bad."))
        ran = Ran("check", "acme")
        assert (ran.code, ran.out) == (1, "FAIL a: Bad.\n")


class TestUsage:
    def test_of_no_verb_is_explained(self):
        with pytest.raises(CommandError):
            call_command("integration")


class TestRehearse:
    def test_prints_a_line_a_secret(self):
        make_integration()
        ran = Ran("rehearse", "acme")
        assert (ran.code, [line.split(":")[0] for line in ran.out.splitlines()]) == (
            0, ["ok   login_secret_key", "ok   zendesk_shared_secret"],
        )  # fmt: skip

    def test_tries_a_change_that_was_not_made(self, tmp_path):
        make_integration()
        (tmp_path / "change.json").write_text('{"login_secret_key": "a-new-login-secret-key-for-tests-only-00"}')
        ran = Ran("rehearse", "acme", "--json", str(tmp_path / "change.json"))
        assert (ran.code, "would be refused at once" in ran.err) == (0, True)

    def test_fails_where_a_secret_is_missing(self):
        make_integration(secrets={"zendesk_shared_secret": ""})
        ran = Ran("rehearse", "acme")
        assert (ran.code, ran.err) == (1, "1 of 2 checks failed.\n")


class TestBlock:
    @pytest.fixture(autouse=True)
    def acme(self):
        return make_integration()

    def test_blocks_and_lifts(self):
        assert [Ran("block", "acme", "u-1").out, Ran("block", "acme", "u-1", "--lift").out] == [
            "acme, u-1: blocked.\n", "acme, u-1: the block is lifted.\n",
        ]  # fmt: skip

    def test_says_when_there_is_nothing_to_do(self):
        assert Ran("block", "acme", "u-1", "--lift").out == "acme, u-1: nothing to change.\n"

    def test_refuses_what_can_be_no_user(self):
        ran = Ran("block", "acme", "null")
        assert (ran.code, ran.err.startswith("user_id: Enter the user ID")) == (1, True)

    def test_of_an_unknown_integration_is_refused(self):
        assert Ran("block", "nobody", "u-1").code == 1
