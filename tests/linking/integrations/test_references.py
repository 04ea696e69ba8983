"""Which references are taken from the web admin."""

import pytest

from linking import integrations
from linking.integrations.references import allow_any_reference, find_reference_flaw
from linking.models import Secret, SecretName
from tests.factories import NOW, make_integration
from tests.linking.conftest import make_person

SECRET = "a secret of thirty-two characters and more"


@pytest.fixture
def set_aside(settings, tmp_path):
    """A prefix and a folder that an operator named, with a file in it and one beside it."""
    folder = tmp_path / "secrets"
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "key").write_text(SECRET)
    (folder / "key").symlink_to(folder / "..data" / "key")
    (tmp_path / "other").write_text(SECRET)
    (folder / "way-out").symlink_to(tmp_path / "other")
    settings.LINKING = settings.LINKING | {"REFERENCE_PREFIX": "ACME_", "REFERENCE_FOLDER": str(folder)}
    return folder


class TestFindReferenceFlaw:
    @pytest.mark.parametrize("plain", ["env:DATABASE_URL", "env:ACME_KEY", "file:/etc/passwd", "file:key", "env:"])
    def test_takes_none_where_nothing_is_set_aside(self, plain):
        assert "command line" in find_reference_flaw(plain)

    def test_takes_a_value(self):
        assert find_reference_flaw(SECRET) == ""

    @pytest.mark.parametrize("plain", ["env:DATABASE_URL", "file:/etc/passwd"])
    def test_takes_any_on_the_command_line(self, plain):
        with allow_any_reference():
            assert find_reference_flaw(plain) == ""
        assert find_reference_flaw(plain) != ""

    def test_takes_what_is_set_aside(self, set_aside):
        assert [find_reference_flaw(plain) for plain in ("env:ACME_KEY", f"file:{set_aside}/key")] == ["", ""]

    @pytest.mark.parametrize(
        "plain",
        [
            "env:DATABASE_URL", "env:ACME_", "env:acme_key", "env: ACME_KEY", "file:/etc/passwd", "file:key",
            "file:{}/../other", "file:{}/way-out", "file:{}x/key", "file:{}/key\0",
        ],
        ids=[
            "another-name", "the-prefix-alone", "another-case", "a-blank", "another-folder", "a-relative-path", "dots",
            "a-link-out", "a-neighbour", "a-null",
        ],
    )  # fmt: skip
    def test_takes_nothing_else(self, set_aside, plain):
        assert find_reference_flaw(plain.format(set_aside)) != ""

    def test_says_the_same_of_what_is_there_and_what_is_not(self, set_aside, monkeypatch):
        monkeypatch.setenv("THERE", SECRET)
        pairs = [("env:THERE", "env:NOT_THERE"), (f"file:{set_aside.parent}/other", f"file:{set_aside.parent}/nothing")]
        assert all(find_reference_flaw(one) == find_reference_flaw(other) != "" for one, other in pairs)


@pytest.mark.django_db
class TestSaving:
    def save(self, plain):
        actor = integrations.Actor.from_user(make_person("admin"))
        values = {"zendesk_shared_secret": plain}
        integrations.save_integration(slug="acme", values=values, actor=actor, now=NOW, allow_loopback=True)

    def test_refuses_a_variable_that_is_not_set_aside(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", SECRET)
        make_integration()
        with pytest.raises(integrations.BadIntegration, match="command line"):
            self.save("env:DATABASE_URL")

    def test_stores_one_that_is(self, set_aside):
        make_integration()
        self.save(f"file:{set_aside}/key")
        assert Secret.objects.get(name="zendesk_shared_secret").reveal() == f"file:{set_aside}/key"

    def test_tries_none_that_is_not(self, monkeypatch):
        monkeypatch.setenv("DATABASE_URL", SECRET)
        trial = integrations.Trial(login_api_url="https://login.xsolla.com/api", allow_loopback=False)
        name = SecretName.ZENDESK_SHARED_SECRET
        check = integrations.try_secret(name, values={}, secrets={name: "env:DATABASE_URL"}, trial=trial)
        assert not check.is_ok and "command line" in check.sentence
