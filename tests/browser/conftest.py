"""A real browser over the app on loopback: Debian's chromium, driven by playwright. Without one these tests are skipped."""

from dataclasses import replace

import pytest

from chalicelib import clock, settings
from chalicelib.services import kyc_links
from chalicelib.stores import uploads as store
from tests.browser.install import CHROMIUM
from tests.browser.loopback import bucket, serving
from tests.services import ramp_world

DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def chromium():
    """The browser, started once a file: playwright's loop must not run while other tests do."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: `python -m tests.browser.install` fetches Debian's, as root")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def app():
    import app as module

    return module.app


@pytest.fixture
def site(cloud, app, monkeypatch):
    """The app with a partner, links that lead to it, and a store of uploads of another origin."""
    form = store.form
    with serving(app) as server, bucket() as address:
        monkeypatch.setattr(settings, "PUBLIC_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(store, "form", lambda *arguments: replace(form(*arguments), url=f"{address}/"))
        monkeypatch.setattr(store, "origin", lambda: address)
        ramp_world.partner()
        yield server


@pytest.fixture
def visit(site, chromium):
    """Opens the page for an account. Whatever the browser finds wrong with the page, its script or its policy fails the test."""
    contexts, wrong = [], []

    def open_page(account, *, locale="en-US", viewport=DESKTOP, link=None, script=None, **more):
        context = chromium.new_context(locale=locale, viewport=viewport, **more)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
        if script:
            page.route("**/web/checks.js", script)
        page.goto(link or kyc_links.mint(ramp_world.SOURCE, account, clock.now_ms()))
        if more.get("java_script_enabled", True):
            page.locator("html[data-ready='yes']").wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def _is_wrong(said):
    """An error on the console; a refusal is one for chromium, for us an answer."""
    return said.type == "error" and "Failed to load resource" not in said.text
