"""No box of a page breaks when its texts are 40 % longer, as in German, and axe finds nothing in another language."""

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from linking.models import Preference
from tests.browser.test_pages import PAGES, flaws, records  # noqa: F401 - a fixture
from tests.pseudo_locale import CODE, speak_pseudo

pytestmark = [pytest.mark.browser, pytest.mark.storeless, pytest.mark.django_db(transaction=True)]
PAGES_OF_ADMINS = (
    "/people/", "/audit/", "/labels/", "/views/", "/integrations/new/", "/setup/acme/secrets/", "/setup/acme/import/",
)  # fmt: skip
# Texts that leave the window or the box with an edge around them, unless the box says that it cuts them.
FIND_BROKEN = """() => {
  const boxes = "button, .btn, .state, .chip, .form-select, th, td, summary, dialog, .panel, .notice, label";
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const own = node.parentElement;
    if (!node.data.trim() || !own.checkVisibility({visibilityProperty: true}) || own.closest(".only-heard")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const words = range.getBoundingClientRect();
    if (!words.width) continue;
    let cuts = false;
    for (let box = own; box; box = box.parentElement) cuts ||= getComputedStyle(box).overflowX !== "visible";
    const box = own.closest(boxes)?.getBoundingClientRect();
    const leavesBox = box && (words.right > box.right + 1 || words.left < box.left - 1);
    const leavesWindow = words.right > document.documentElement.clientWidth + 1;
    const name = `${own.tagName}.${own.className}: ${node.data.trim().slice(0, 60)}`;
    if (!cuts && (leavesBox || leavesWindow)) broken.push(name);
  }
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) broken.push("the page scrolls sideways");
  return broken;
}"""


@pytest.fixture
def pseudo_page(chromium, live_server, records, settings):  # noqa: F811 - the fixture
    settings.LANGUAGES = [*settings.LANGUAGES, (CODE, "Pseudo")]
    person = get_user_model().objects.create_user("admin", password="a long password of theirs")
    person.groups.add(Group.objects.get_or_create(name="admins")[0])
    Preference.objects.create(user=person, language=CODE)
    browser = Client()
    browser.force_login(person)
    name = django_settings.SESSION_COOKIE_NAME
    context = chromium.new_context(base_url=live_server.url)
    context.add_cookies([{"name": name, "value": browser.cookies[name].value, "url": live_server.url}])
    with speak_pseudo():
        yield context.new_page()
    context.close()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_box_breaks(pseudo_page, width):
    pseudo_page.set_viewport_size({"width": width, "height": 900})
    broken = {}
    for path in [*(set(PAGES) - {"/api/docs/", "/nothing/"}), *PAGES_OF_ADMINS]:
        pseudo_page.goto(path)
        assert pseudo_page.locator("html").get_attribute("lang") == CODE, path
        if found := pseudo_page.evaluate(FIND_BROKEN) + flaws(pseudo_page):
            broken[path] = found
    assert broken == {}
