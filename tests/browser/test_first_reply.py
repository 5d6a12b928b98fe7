"""What a stranger does in his first minute: start the demo, write to it in the browser, kill it, start it again."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@contextmanager
def running_demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `greenroom run demo` in `folder`; yield the process and the address that it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "greenroom", "run", "demo", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    try:
        yield process, _address(process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    import json

    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and json.loads(line).get("event") == "running":
            return str(json.loads(line)["addresses"]["stage"])
    pytest.fail(f"the demo did not start: {process.stderr.read() if process.stderr else ''}")


def test_a_stranger_gets_an_answer_in_character_within_thirty_seconds_and_again_after_a_kill(
    browser: Browser, tmp_path: Path
) -> None:
    began = time.monotonic()
    with running_demo(tmp_path) as (process, address):
        page = browser.new_page()
        page.goto(address)
        # she has posted on her own
        expect(page.locator("article", has_text="@ada").first).to_be_visible(timeout=15_000)
        page.fill("textarea", "@ada is the sea calm tonight?")
        page.get_by_role("button", name="Post", exact=True).click()
        expect(page.locator("article", has_text="Replying to @you")).to_have_count(1, timeout=15_000)
        assert time.monotonic() - began < 30
        process.kill()
        process.wait()
        # the network lives on; what is said meanwhile is answered after the next start
        page.fill("textarea", "@ada are you still there?")
        page.get_by_role("button", name="Post", exact=True).click()
        with running_demo(tmp_path) as (_, same):
            assert same == address
            expect(page.locator("article", has_text="Replying to @you")).to_have_count(2, timeout=20_000)
            page.wait_for_timeout(500)
            expect(page.locator("article", has_text="Replying to @you")).to_have_count(2)
        page.close()
    _stop_stage(tmp_path)


def _stop_stage(folder: Path) -> None:
    """Stop the Stage that the killed bot has left behind, as the page of its folder tells."""
    import json

    told = folder / "data" / "stage.db.json"
    if told.exists():
        os.kill(int(json.loads(told.read_text())["pid"]), signal.SIGTERM)
        deadline = time.monotonic() + 10
        while told.exists() and time.monotonic() < deadline:
            time.sleep(0.05)


def test_the_address_that_is_printed_is_for_this_machine_alone(tmp_path: Path) -> None:
    with running_demo(tmp_path) as (_, address):
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - our own server on loopback
            assert answer.status == 200
