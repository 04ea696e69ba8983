"""Keys pressed as a person presses them: once the page in front of them is there."""

from playwright.sync_api import Page


def press(page: Page, key: str) -> None:
    """Press a key when the page has loaded: a heading is drawn before the scripts that listen for keys have run."""
    page.wait_for_load_state()
    page.keyboard.press(key)
