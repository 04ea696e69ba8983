import pytest
from django.db import InterfaceError, OperationalError

from linking import registry
from linking.core.config import SecretName
from linking.models import ConfigVersion, Integration
from tests.factories import LOGIN_SECRET_KEY, make_integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return make_integration()


def in_force(slug="acme"):
    return registry.current().by_slug[slug]


def break_database(monkeypatch, error=OperationalError):
    def away():
        raise error("away")

    monkeypatch.setattr(ConfigVersion, "read", staticmethod(away))


class TestCurrent:
    def test_reads_the_database_once(self, acme, django_assert_num_queries):
        registry.current()
        with django_assert_num_queries(0):
            registry.current()

    def test_opens_the_secrets(self, acme):
        assert in_force().login_secrets == (LOGIN_SECRET_KEY.encode(),)

    def test_shows_no_secret(self, acme):
        assert "for-tests-only" not in repr(registry.current())

    def test_leads_from_a_project_to_its_enabled_integrations_as_they_were_made(self, acme):
        twin, third = make_integration(slug="twin"), make_integration(slug="a-third")
        Integration.objects.filter(pk=acme.pk).update(enabled=False)
        of_project = registry.refresh().by_project[acme.login_project_id]
        assert [one.integration_id for one in of_project] == [twin.pk, third.pk]

    def test_derives_the_address_of_the_api_from_the_subdomain(self, acme):
        assert in_force().zendesk_api_url == "https://acme.zendesk.com/api/v2/chat"


class TestLook:
    def test_takes_over_a_change(self, acme):
        Integration.objects.update(cookie_name="login")
        ConfigVersion.bump()
        assert registry.look()
        assert in_force().cookie_name == "login"

    def test_costs_one_query_when_nothing_changed(self, acme, django_assert_num_queries):
        with django_assert_num_queries(1):
            registry.look()

    def test_keeps_the_same_snapshot_when_nothing_changed(self, acme):
        before = registry.current()
        registry.look()
        assert registry.current() is before

    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_keeps_the_last_good_one_while_the_database_is_away(self, acme, monkeypatch, error):
        before = registry.current()
        break_database(monkeypatch, error)
        assert not registry.look()
        assert registry.current() is before
        assert registry.is_stale()

    def test_is_fresh_again_once_the_database_is_back(self, acme, monkeypatch):
        with monkeypatch.context() as broken:
            break_database(broken)
            registry.look()
        registry.look()
        assert not registry.is_stale()

    def test_says_once_that_the_database_is_away(self, acme, monkeypatch, caplog):
        break_database(monkeypatch)
        for _ in range(3):
            registry.look()
        assert len([one for one in caplog.records if "last good one stays" in one.getMessage()]) == 1


class TestReferences:
    def test_are_read_from_the_environment(self, monkeypatch):
        monkeypatch.setenv("ACME_LOGIN_SECRET", "from-the-environment")
        make_integration(secrets={SecretName.LOGIN_SECRET_KEY: "env:ACME_LOGIN_SECRET"})
        assert in_force().login_secrets == (b"from-the-environment",)

    def test_are_read_from_a_file_without_its_last_line_end(self, tmp_path):
        (tmp_path / "secret").write_text("from-a-file\n")
        make_integration(secrets={SecretName.LOGIN_SECRET_KEY: f"file:{tmp_path / 'secret'}"})
        assert in_force().login_secrets == (b"from-a-file",)

    def test_are_read_again_at_every_look(self, tmp_path):
        path = tmp_path / "secret"
        path.write_text("before")
        make_integration(secrets={SecretName.LOGIN_SECRET_KEY: f"file:{path}"})
        path.write_text("after")
        registry.look()
        assert in_force().login_secrets == (b"after",)

    @pytest.mark.parametrize(("content", "words"), [
        (None, "cannot be read (FileNotFoundError)"), (b"", "is empty"), (b"\n", "is empty"),
        (b"\xff", "UnicodeDecodeError"),
    ])  # fmt: skip
    def test_leave_the_secret_empty_and_a_problem_when_the_file_is_no_good(self, tmp_path, content, words):
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        make_integration(secrets={SecretName.LOGIN_SECRET_KEY: f"file:{path}"})
        assert in_force().login_secrets == ()
        assert words in registry.current().problems[0]

    def test_leave_a_problem_that_names_the_missing_variable(self, monkeypatch):
        monkeypatch.delenv("ACME_LOGIN_SECRET", raising=False)
        make_integration(secrets={SecretName.LOGIN_SECRET_KEY: "env:ACME_LOGIN_SECRET"})
        problems = registry.current().problems
        assert problems == (
            "Integration acme: login_secret_key cannot be used. The variable ACME_LOGIN_SECRET is not set or is empty.",
        )


class TestBrokenRows:
    def test_with_a_damaged_seal_leave_that_secret_empty_and_a_problem(self, acme):
        acme.secrets.filter(name=SecretName.LOGIN_SECRET_KEY).update(sealed="v1:damaged")
        snapshot = registry.refresh()
        assert in_force().login_secrets == ()
        assert "cannot be opened" in snapshot.problems[0]

    def test_with_a_secret_of_another_row_leave_it_empty(self, acme):
        other = make_integration(slug="other")
        stolen = acme.secrets.get(name=SecretName.LOGIN_SECRET_KEY).sealed
        other.secrets.filter(name=SecretName.LOGIN_SECRET_KEY).update(sealed=stolen)
        registry.refresh()
        assert in_force("other").login_secrets == ()

    @pytest.mark.parametrize("changes", [{"login_algorithm": "HS1"}, {"missing_email": "?"}, {"allowed_origins": 7}])
    def test_do_not_take_the_others_down(self, acme, changes):
        make_integration(slug="other")
        Integration.objects.filter(pk=acme.pk).update(**changes)
        snapshot = registry.refresh()
        assert list(snapshot.by_slug) == ["other"]
        assert snapshot.problems[0].startswith("Integration acme: its settings cannot be read")


class TestBesideWhatRuns:
    @pytest.fixture(autouse=True)
    def running(self, monkeypatch):
        """A command in a shell with ALPHA and BETA, beside processes that have BETA and GAMMA."""
        monkeypatch.setenv("ALPHA", "a-secret-of-this-shell")
        monkeypatch.setenv("BETA", "b-secret-of-this-shell")
        monkeypatch.delenv("GAMMA", raising=False)
        registry.know_running({"BETA": "b-secret", "GAMMA": "c-secret"})
        yield
        registry.know_running(None)

    def test_a_command_sees_the_variables_of_the_processes_that_serve(self):
        assert registry.resolve("env:GAMMA") == "c-secret"

    def test_its_own_go_first(self):
        assert registry.resolve("env:BETA") == "b-secret-of-this-shell"

    def test_a_variable_that_only_it_has_is_told(self):
        assert registry.find_unshared("env:ALPHA").startswith("The variable ALPHA is set in this shell only")

    @pytest.mark.parametrize("plain", ["env:BETA", "env:GAMMA", "file:/run/x", "a value"])
    def test_nothing_else_is(self, plain):
        assert registry.find_unshared(plain) == ""

    def test_nothing_is_told_where_nobody_knows(self):
        registry.know_running(None)
        assert registry.find_unshared("env:ALPHA") == ""
