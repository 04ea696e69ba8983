"""`manage.py selftest canary`: marks in the place of secrets, looked for wherever text comes out."""

import base64
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.utils import timezone

from linking.integrations import export
from linking.management import canary
from linking.management.canary import Leak, Place, find_leaks, make_mark

MARK = "canary0123456789abcdef/+ 0123456789"


class TestFindLeaks:
    @pytest.mark.parametrize(
        "written",
        [
            MARK, quote(MARK, safe=""), MARK.encode().hex(), MARK[::-1],
            *(base64.b64encode(f"{'x' * shift}{MARK}and more".encode()).decode() for shift in range(3)),
        ],
        ids=["plain", "in-an-address", "hexadecimal", "backwards", "base64", "base64-by-one", "base64-by-two"],
    )  # fmt: skip
    def test_finds_a_mark_however_it_is_written(self, written):
        place = Place(name="a log", text=f"before {written} after")
        assert find_leaks([place], marks={"key": MARK}) == (1, [Leak(secret="key", place="a log")])

    def test_finds_none_where_there_is_none(self):
        places = [Place(name="a log", text="canary"), Place(name="a page", text="")]
        assert find_leaks(places, marks={"key": MARK}) == (2, [])

    def test_makes_no_mark_twice(self):
        assert make_mark() != make_mark()


@pytest.fixture
def marks(db):
    return canary.plant(now=timezone.now())


class TestExercise:
    @pytest.mark.django_db(transaction=True)
    def test_finds_no_secret_anywhere(self, marks):
        number, leaks = find_leaks(canary.exercise(marks=marks), marks=marks)
        assert leaks == []
        assert number > 100

    def test_finds_a_secret_that_an_export_gives_away(self, marks, monkeypatch):
        plan = export.export_settings

        def give_away(*, slug):
            found = plan(slug=slug)
            found.settings["login_secret_key"] = marks["login_secret_key"]
            return found

        monkeypatch.setattr("linking.integrations.export_settings", give_away)
        _number, leaks = find_leaks(canary._run_commands(), marks=marks)
        assert Leak(secret="login_secret_key", place="integration export canary") in leaks

    def test_finds_a_secret_that_is_stored_in_clear(self, marks, django_user_model):
        django_user_model.objects.update(last_name=marks["totp_secret"])
        _number, leaks = find_leaks(canary._run_commands(), marks=marks)
        assert Leak(secret="totp_secret", place="dumpdata") in leaks


@pytest.mark.slow
class TestCommand:
    def test_makes_an_installation_of_its_own_and_finds_nothing(self, capsys):
        call_command("selftest", "canary")
        assert capsys.readouterr().out.startswith("0 found in ")
