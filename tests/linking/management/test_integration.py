import io
import json
import sys

import pytest
from django.core.management import CommandError, call_command

from linking.management.commands import integration as command
from linking.models import Integration, take_fingerprint
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


class TestExport:
    def test_prints_what_set_takes(self, stdin):
        make_integration(cookie_name="session", requests_per_minute=77)
        printed = Ran("export", "acme").out
        stdin(printed.encode())
        assert Ran("set", "acme", "--json", "-").out == "acme: unchanged.\n"
        assert json.loads(printed)["requests_per_minute"] == 77

    def test_prints_no_secret_and_says_which_to_give_again(self):
        make_integration()
        ran = Ran("export", "acme")
        assert LOGIN_SECRET_KEY not in ran.out + ran.err and "login_secret_key" not in ran.out
        names = "login_secret_key, zendesk_shared_secret, zendesk_access_token"
        assert ran.err == f"Secrets are not exported. Give them again: {names}.\n"

    def test_leaves_references_out(self, monkeypatch):
        monkeypatch.setenv("ACME_KEY", LOGIN_SECRET_KEY)
        make_integration(secrets={"login_secret_key": "env:ACME_KEY"})
        ran = Ran("export", "acme")
        assert "env:" not in ran.out + ran.err

    def test_writes_a_file(self, tmp_path):
        make_integration()
        ran = Ran("export", "acme", "-o", str(tmp_path / "acme.json"))
        assert ran.out == "" and json.loads((tmp_path / "acme.json").read_text())["name"] == "Acme Games"

    def test_says_that_a_file_cannot_be_written(self, tmp_path):
        make_integration()
        ran = Ran("export", "acme", "-o", str(tmp_path / "nowhere" / "acme.json"))
        assert (ran.code, "cannot be written (No such file or directory)" in ran.err) == (1, True)

    def test_of_an_unknown_integration_says_so(self):
        assert "There is no integration acme" in Ran("export", "acme").err


class TestSetDryRun:
    def compare(self, stdin, **values):
        stdin(json.dumps(values).encode())
        return Ran("set", "acme", "--json", "-", "--dry-run")

    def test_prints_old_and_new_and_changes_nothing(self, stdin):
        make_integration()
        ran = self.compare(stdin, cookie_name="session", name="Acme Games")
        assert ran.out == 'cookie_name: "token" → "session"\nacme: would be updated.\n'
        assert Integration.objects.get().cookie_name == "token"

    def test_tells_a_changed_secret_by_its_fingerprints(self, stdin):
        row = make_integration().secrets.get(name="login_secret_key")
        ran = self.compare(stdin, login_secret_key=CANARY)
        mark = take_fingerprint(CANARY)
        assert ran.out.splitlines()[0] == f"login_secret_key: will change (fingerprint {row.fingerprint} → {mark})"
        assert CANARY not in ran.out + ran.err

    def test_says_that_a_secret_is_the_same(self, stdin):
        make_integration()
        assert "login_secret_key: unchanged\n" in self.compare(stdin, login_secret_key=LOGIN_SECRET_KEY).out

    def test_says_that_a_secret_is_removed(self, stdin):
        make_integration()
        assert "zendesk_access_token: will be removed (" in self.compare(stdin, zendesk_access_token=None).out

    def test_tells_the_key_that_would_be_kept_as_the_previous_one(self, stdin):
        make_integration()
        ran = self.compare(stdin, login_secret_key=CANARY, previous_login_secret_until="2099-01-01T00:00:00Z")
        assert "login_secret_key_previous: will be set (" in ran.out

    def test_of_a_new_integration_lists_its_values(self, stdin):
        ran = self.compare(stdin, **NEW)
        assert 'name: null → "Acme"' in ran.out and ran.out.endswith("acme: would be created.\n")
        assert not Integration.objects.exists()

    def test_refuses_what_set_would_refuse(self, stdin):
        make_integration()
        ran = self.compare(stdin, cookie_name="a b")
        assert (ran.code, ran.err.startswith("cookie_name: ")) == (1, True)
