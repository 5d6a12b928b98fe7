"""A real browser, and a real Stage in a process of its own for it to look at."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 10_000


# One browser for a module, not for the session: while it is open its event loop runs in this thread, and tests of other
# modules that bring a loop of their own would not start.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Without it a test is skipped, on a build server (`CI=true`) it fails."""
    if not CHROMIUM.exists():
        missing = f"no browser: {CHROMIUM} (Debian's package chromium)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A function that opens a page in a browser profile of its own; its arguments are those of a Playwright context."""
    contexts: list[BrowserContext] = []

    def opened(address: str, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(address)
        if options.get("java_script_enabled", True):
            page.wait_for_selector('[data-air][data-state="live"]')
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def stage_url(tmp_path: Path) -> Iterator[str]:
    """The address of a Stage of the test's own."""
    command = [sys.executable, "-m", "greenroom_adapters.stage", "--data", str(tmp_path / "stage.db"), "--with-parent"]
    # S603: our own module, with our own arguments
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        word, _, ready = process.stdout.readline().partition(" ")
        assert word == "READY"
        yield json.loads(ready)["url"]
        process.terminate()


@pytest.fixture
def bot(stage_url: str) -> Callable[..., dict[str, Any]]:
    """A function that lets the bot `@ada` call the Stage's API: `bot("POST", "/api/posts", text="Wind west.")`."""

    def call(method: str, path: str, body: Mapping[str, object], token: str = "") -> dict[str, Any]:
        # S310: the address is the Stage's own
        request = urllib.request.Request(  # noqa: S310
            stage_url + path,
            data=json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else {}

    token: str = call("POST", "/api/session", {"handle": "ada", "name": "Ada", "bot": True})["token"]
    return lambda method, path, **body: call(method, path, body, token)
