"""What holds for every page: the policy it can live under, error pages, and the templates themselves."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.conf import settings
from django.template.loader import get_template

from linking.core.config import ZendeskProduct
from linking.dashboard.shell import parts
from linking.dashboard.shell.sources import find_words
from tests.factories import make_integration, make_visitor
from tests.linking.dashboard.reading import read
from zdbridge import settings as product_settings

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
STATIC = Path(settings.BASE_DIR) / "static"
PAGES = ["/", "/?state=signed_in", "/visitors/7700123.ab3XkQ9zLm2Rt7/", "/conflicts/", "/sync/", "/setup/acme/"]


class TestPolicy:
    @pytest.mark.parametrize("path", PAGES)
    def test_nothing_is_inline(self, lead, path):
        make_visitor(integration=make_integration())
        page = read(lead.get(path))
        assert page.all("style") == []
        assert all(script.attributes.get("src") for script in page.all("script"))
        assert not any(
            name == "style" or name.startswith("on") for element in page.all() for name in element.attributes
        )

    @pytest.mark.django_db
    def test_is_strict(self, lead):
        policy = lead.get("/")["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_escape_everything(self, path):
        assert not re.search(r"\|\s*safe\b|autoescape\s+off|safeseq", path.read_text())

    @pytest.mark.parametrize("path", [path for path in TEMPLATES if path.name not in ("api/docs.html",)], ids=str)
    def test_can_be_read(self, path):
        assert get_template(str(path.relative_to(settings.BASE_DIR / "templates")))

    def test_every_icon_in_use_is_in_the_sprite(self):
        sprite = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (STATIC / "vendor/icons.svg").read_text()))
        pages = " ".join(path.read_text() for path in TEMPLATES)
        code = " ".join(path.read_text() for path in (Path(settings.BASE_DIR) / "linking/dashboard").glob("*.py"))
        used = set(re.findall(r'_icon\.html" with name="([^"]+)"', pages)) | set(re.findall(r'icon="([^"]+)"', code))
        assert used - sprite == set()

    def test_every_symbol_of_a_row_is_that_of_the_sprite(self):
        sprite = dict(
            re.findall(r'<symbol id="([a-z0-9-]+)"[^>]*>(.*?)</symbol>', (STATIC / "vendor/icons.svg").read_text())
        )
        sheet = (STATIC / "css/row_icons.css").read_text()
        drawn = dict(
            re.findall(r"\.(?:i-)?([a-z0-9.-]+) \{\n  --symbol: url\(\"data:image/svg\+xml,([^\"]+)\"\)", sheet)
        )
        names = {"copy.is-done": "check"}
        shapes = {names.get(name, name): re.findall(r"d='([^']+)'", unquote(image)) for name, image in drawn.items()}
        assert shapes == {name: re.findall(r'd="([^"]+)"', sprite[name]) for name in shapes}
        badges = (*parts.VISITOR_STATES.values(), *parts.TRUST_STATES.values(), parts.IN_CONFLICT, parts.PAGE_OPEN)
        assert {badge.icon for badge in badges} | {find_words(product).ban.icon for product in ZendeskProduct} <= set(
            shapes
        )


class TestAssets:
    @pytest.mark.parametrize("path", [*STATIC.rglob("*.js"), *STATIC.rglob("*.css")], ids=lambda path: path.name)
    def test_name_no_missing_source_map(self, path):
        # A comment that names a map would make collectstatic fail.
        assert not re.search(rb"^\s*(//|/\*)[#@] ?sourceMappingURL=", path.read_bytes()[-300:], re.MULTILINE)

    @pytest.mark.parametrize("path", [*(STATIC / "js").glob("*.js")], ids=lambda path: path.name)
    def test_own_scripts_write_no_markup(self, path):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", path.read_text())


@pytest.mark.django_db
class TestErrorPages:
    def test_not_found(self, lead):
        answer = lead.get("/no/such/page/")
        assert answer.status_code == 404
        assert read(answer).one("h1").text == "Not found"

    def test_a_strange_host(self, client):
        answer = client.get("/accounts/login/", headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert read(answer).one("h1").text == "This request cannot be read"

    def test_a_failure_shows_no_detail(self, lead, monkeypatch):
        def fail(**_given):
            raise RuntimeError("secret detail")

        monkeypatch.setattr("linking.monitoring.status.load_statuses", fail)
        lead.raise_request_exception = False
        answer = lead.get("/sync/")
        assert answer.status_code == 500
        assert read(answer).one("h1").text == "Something went wrong"
        assert b"secret detail" not in answer.content

    def test_a_failure_is_told_where_no_static_file_was_collected(self, client, settings, tmp_path):
        """Every page that wants a style sheet fails then, the page that says so must not."""
        settings.STATIC_ROOT = tmp_path
        settings.STORAGES = product_settings.STORAGES
        client.raise_request_exception = False
        answer = client.get("/accounts/login/")
        assert answer.status_code == 500
        assert read(answer).one("h1").text == "Something went wrong"
        assert b"stylesheet" not in answer.content
