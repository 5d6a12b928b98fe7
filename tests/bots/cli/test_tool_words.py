"""What `check` says of tools that will not be used."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODEL = "openai/gpt-5-mini"


@pytest.mark.parametrize(
    ("engines", "tools", "allowed", "warning"),
    [
        (
            MODEL,
            "{mcp: no-such-program --now}",
            "owner",
            "`tides` cannot be started: there is no program no-such-program",
        ),
        (MODEL, "{mcp: 'python \"x'}", "anyone", "`tides` cannot be started: its command has a quotation mark"),
        (
            MODEL,
            "{mcp: 'https://tools.example.org/mcp'}",
            None,
            "`tides` is used for nobody: write `tools: {anyone: [tides]}`",
        ),
        ("script", "{mcp: 'https://tools.example.org/mcp'}", "anyone", "`tools` are used by models alone"),
        (MODEL, "{mcp: 'python server.py'}", "anyone", None),
        (MODEL, "{mcp: 'https://tools.example.org/mcp'}", "moderators", None),
    ],
)
def test_check_says_why_a_tool_will_not_be_used(
    home: Path,
    greenroom: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    engines: str,
    tools: str,
    allowed: str | None,
    warning: str | None,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    persona = "persona: Ada\nwho: keeps the lamp\n" + (f"tools: {{{allowed}: [tides]}}\n" if allowed else "")
    (home / "p.yaml").write_text(persona, encoding="utf-8")
    (home / "bot.yaml").write_text(
        f"bot: ada\npersona: p.yaml\naccounts: {{home: stage}}\nanswer: mentions\nengines: [{engines}]\n"
        f"tools: {{tides: {tools}}}\n",
        encoding="utf-8",
    )
    said = greenroom("check", "bot.yaml", "--offline")
    assert said.code == 0
    words = " ".join(said.out.split())
    if warning is None:
        assert "tool" not in words
    else:
        assert f"warning: {'' if warning.startswith('`tools`') else 'the tool '}{warning}" in words
