import json
import zipfile

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_integration
from tests.linking.panel.app_rules import find_flaws

pytestmark = pytest.mark.django_db


@pytest.fixture
def output(tmp_path):
    return tmp_path / "app.zip"


def read_url(path):
    with zipfile.ZipFile(path) as archive:
        assert find_flaws(archive) == []
        return json.loads(archive.read("manifest.json"))["location"]["support"]["ticket_sidebar"]["url"]


class TestZendeskApp:
    def test_writes_the_app_of_this_installation(self, output, capsys):
        make_integration()
        call_command("zendesk_app", "acme", output=str(output))
        assert read_url(output) == "http://localhost:8000/panel/acme/"
        assert str(output) in capsys.readouterr().out

    def test_takes_the_public_host(self, output, settings):
        settings.IS_PUBLIC, settings.ALLOWED_HOSTS = True, ["bridge.example"]
        make_integration()
        call_command("zendesk_app", "acme", output=str(output))
        assert read_url(output) == "https://bridge.example/panel/acme/"

    def test_takes_an_address(self, output):
        make_integration()
        call_command("zendesk_app", "acme", output=str(output), base_url="https://support.example/")
        assert read_url(output) == "https://support.example/panel/acme/"

    def test_writes_to_standard_output(self, capsysbinary, output):
        make_integration()
        call_command("zendesk_app", "acme", output="-")
        output.write_bytes(capsysbinary.readouterr().out)
        assert read_url(output).endswith("/panel/acme/")

    @pytest.mark.parametrize(
        ("slug", "changes", "words"),
        [
            ("nope", {}, "There is no integration nope"),
            ("acme", {"base_url": "http://support.example"}, "over https only"),
            ("acme", {"output": "/nowhere/app.zip"}, "cannot be written"),
        ],
    )
    def test_says_what_is_wrong(self, slug, changes, words, output):
        make_integration()
        with pytest.raises(CommandError, match=words):
            call_command("zendesk_app", slug, **({"output": str(output)} | changes))
        assert not output.exists()
