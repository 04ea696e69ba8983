"""`manage.py seal`."""

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client

from linking.api import health
from linking.models import AuditEvent, Secret
from linking.monitoring.health import forget_seals
from tests.linking.sealing.conftest import NEW, OLD, everything, use_keys  # noqa: F401 - fixtures


def run(capsys, *arguments):
    """Return the exit code and what was printed to both streams."""
    try:
        call_command("seal", *arguments)
        code = 0
    except SystemExit as error:
        code = error.code
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def two_keys(everything, use_keys):  # noqa: F811
    use_keys(NEW, OLD)
    return everything


class TestStatus:
    def test_ends_with_1_while_anything_rests_under_an_old_key(self, two_keys, capsys):
        code, out, err = run(capsys, "status")
        assert code == 1
        assert "Secrets of integrations\t0\t" in out
        assert "manage.py seal rewrap" in err

    def test_ends_with_0_when_nothing_does(self, everything, capsys):  # noqa: F811
        code, out, err = run(capsys, "status")
        assert (code, err) == (0, "")
        assert "Everything rests under the newest key." in out

    def test_ends_with_1_while_something_opens_with_no_key(self, everything, capsys):  # noqa: F811
        Secret.objects.filter(name="login_secret_key").update(sealed="v1:nonsense")
        code, out, err = run(capsys, "status")
        assert (code, "1 value opens with no key" in err) == (1, True)
        assert "cannot be opened: 1" in out

    def test_shows_no_key(self, two_keys, capsys):
        _code, out, err = run(capsys, "status")
        assert NEW not in out + err and OLD not in out + err


class TestRewrap:
    def test_moves_everything_and_ends_with_0(self, two_keys, capsys):
        code, out, _err = run(capsys, "rewrap")
        assert code == 0
        assert "Second factors: 2 moved." in out
        assert run(capsys, "status")[0] == 0

    def test_says_on_trial_what_it_would_move_and_moves_nothing(self, two_keys, capsys):
        before = list(Secret.objects.values_list("sealed", flat=True))
        code, out, _err = run(capsys, "rewrap", "--dry-run")
        assert (code, "Second factors: 2 would be moved." in out) == (1, True)
        assert list(Secret.objects.values_list("sealed", flat=True)) == before
        assert not AuditEvent.objects.filter(action__startswith="seal.").exists()


class TestWarnings:
    def test_come_from_the_checks(self, two_keys):
        found = [message.id for message in run_checks(databases=["default"]) if message.id == "linking.W011"]
        assert found == ["linking.W011"]

    def test_come_from_readiness_until_everything_is_moved(self, two_keys, capsys, monkeypatch):
        monkeypatch.setattr(health.queue, "is_available", lambda: True)
        assert "seal" in ask_parts()
        run(capsys, "rewrap")
        assert "seal" not in ask_parts()

    def test_are_on_the_page_of_secrets(self, two_keys, capsys, client):
        client.force_login(get_user_model().objects.get(username="admin"))
        before = client.get("/setup/acme/secrets/").content.decode()
        run(capsys, "rewrap")
        forget_seals()
        assert "seal rewrap" in before and "seal rewrap" not in client.get("/setup/acme/secrets/").content.decode()


def ask_parts():
    health.forget_readiness()
    forget_seals()
    body = Client().get("/readyz", HTTP_HOST="localhost").json()
    return [flaw["part"] for flaw in body.get("degraded", ())]
