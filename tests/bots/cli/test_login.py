"""`greenroom login`: on a terminal, in a browser, by pasting; where the secrets lie, and who uses them then."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest
import yaml
from typing_extensions import override

from greenroom.settings import Platforms, account_folder, load_bot, read_login, settings_for
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.testing.stage import RunningStage

HARBOUR = Path(__file__).parents[1] / "harbour"
BROWSER = """\
import sys, urllib.parse, urllib.request
page = urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query)
there = page["back"][0] + "?" + urllib.parse.urlencode({"state": page["state"][0], "code": "ada"})
urllib.request.urlopen(there)
"""
BOT = """\
bot: ada
persona: persona.yaml
timezone: UTC
accounts:
  quay: {account}
answer: mentions
"""


@pytest.fixture(autouse=True)
def harbour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The harbour's adapter is installed, here and in the processes that are started."""
    monkeypatch.syspath_prepend(str(HARBOUR))
    monkeypatch.setenv("PYTHONPATH", str(HARBOUR), prepend=os.pathsep)


@pytest.fixture
def write(home: Path) -> Callable[[str], Path]:
    """Write a bot file whose one account, `quay`, is as given."""

    def write_account(account: str) -> Path:
        (home / "persona.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
        (home / "bot.yaml").write_text(BOT.format(account=account), encoding="utf-8")
        return home / "bot.yaml"

    return write_account


@dataclass(frozen=True, kw_only=True)
class LoggedIn:
    code: int
    out: str
    err: str


@pytest.fixture
def login(home: Path) -> Callable[..., LoggedIn]:
    """Sign in in a process of its own; a browser there says yes as soon as it is opened."""
    script = home.parent / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")

    def type_it(*words: str, says: str = "") -> LoggedIn:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenroom", "login", *words],
            cwd=home,
            input=says,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"BROWSER": f"{sys.executable} {script} %s"},
        )
        assert "Traceback" not in done.stderr + done.stdout
        return LoggedIn(code=done.returncode, out=done.stdout, err=done.stderr)

    return type_it


def modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder.parent)): stat.S_IMODE(path.stat().st_mode)
        for path in (folder, *sorted(folder.rglob("*")))
        if not path.name.startswith(".lock")
    }


def token_file(folder: Path) -> Path:
    """Return the only file with a token."""
    (path,) = folder.glob("token*")
    return path


def test_after_a_sign_in_the_bot_file_needs_no_secret_and_no_setting(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    write("harbour")
    before = greenroom("check", "--no-tell")
    assert before.code == 1
    assert "account `quay` needs `server` and `handle` and `token`: `greenroom login quay`" in before.err

    done = login("quay", says=f"{stage.url}\nsesame\n")
    assert done.code == 0, done.err
    assert "quay is signed in as @ada on harbour." in done.out
    assert "Nothing has to be written into the bot file." in done.out
    assert "The harbour closes at night." in done.err

    after = greenroom("check", "--no-tell")
    assert after.code == 0, after.err
    assert "quay is @ada on harbour" in after.out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_secret_lies_where_nobody_else_can_read_it_and_is_shown_nowhere(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, home: Path
) -> None:
    write("harbour")
    done = login("quay", "--json", says=f"{stage.url}\nsesame\n")
    place = token_file(home / "data" / "ada.accounts" / "quay")
    token = place.read_text(encoding="utf-8")
    assert token
    assert token not in done.out + done.err
    assert "sesame" not in done.out + done.err
    assert modes(home / "data" / "ada.accounts") == {
        "ada.accounts": 0o700,
        "ada.accounts/quay": 0o700,
        "ada.accounts/quay/login.json": 0o600,
        f"ada.accounts/quay/{place.name}": 0o600,
    }
    said = json.loads(done.out)
    assert said["account"] == "quay"
    assert said["handle"] == "ada"
    assert said["add"] is None
    assert said["secrets"] == {"token": {"file": str(place)}}


def test_what_the_file_says_is_not_asked_for_and_wins(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    write(f'{{platform: harbour, server: "{stage.url}", token: {{env: NO_SUCH_TOKEN}}}}')
    done = login("quay", says="sesame\n")
    assert done.code == 0, done.err
    assert "Where is the harbour?" not in done.err
    assert "`token` stands in the bot file, and what stands there wins" in done.err
    said = greenroom("check", "--no-tell")
    assert said.code == 1
    assert "NO_SUCH_TOKEN" in said.err
    assert "take it out of the file and sign in: greenroom login quay" in said.err


def test_a_secret_is_not_given_to_another_server_than_it_is_for(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    write("harbour")
    login("quay", says=f"{stage.url}\nsesame\n")
    write('{platform: harbour, server: "http://127.0.0.1:9/"}')
    said = greenroom("check", "--no-tell")
    assert said.code == 1
    assert f"was signed in with `server: {stage.url}`, and the file says another" in said.err
    write(f'{{platform: harbour, server: "{stage.url}/"}}')
    assert greenroom("check", "--no-tell").code == 0


@pytest.mark.parametrize("is_over_ssh", [False, True])
def test_without_a_browser_and_over_ssh_the_address_at_which_it_ended_is_pasted(
    write: Callable[[str], Path], stage: RunningStage, home: Path, is_over_ssh: bool
) -> None:
    write(f'{{platform: harbour, server: "{stage.url}"}}')
    shown = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    elsewhere = {name: value for name, value in os.environ.items() if name not in shown}
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "greenroom", "login", "quay", *(() if is_over_ssh else ("--no-browser",))],
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=elsewhere | {"SSH_CONNECTION": "192.0.2.7 50122 192.0.2.1 22"} if is_over_ssh else None,
    )
    assert process.stderr is not None
    state = ""
    for line in process.stderr:
        if "state=" in line:
            state = line.partition("state=")[2].partition("&")[0]
        if "Paste that address here" in line:
            break
    out, err = process.communicate(f"http://127.0.0.1:8790/signed-in?code=ada&state={state}\nsesame\n", timeout=30)
    assert process.returncode == 0, err
    assert "signed in as @ada" in out


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("", "nobody answers here"),
        ("nowhere\n", "the harbour has an address like"),
        ("{server}\nnonsense\n", "that is not the address at which the browser ended"),
        (
            "{server}\nhttp://127.0.0.1:8790/signed-in?code=ada&state=mine\n",
            "the browser came back from somewhere else",
        ),
    ],
)
def test_a_sign_in_that_fails_leaves_nothing_behind(
    login: Callable[..., LoggedIn],
    write: Callable[[str], Path],
    stage: RunningStage,
    home: Path,
    says: str,
    why: str,
) -> None:
    write("harbour")
    done = login("quay", "--no-browser", says=says.format(server=stage.url))
    assert done.code == 1
    assert why in done.err
    assert not (home / "data").exists()


def test_a_refused_word_says_so(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage
) -> None:
    write("harbour")
    done = login("quay", says=f"{stage.url}\nopen\n")
    assert done.code == 1
    assert "the harbour does not know that word" in done.err


def test_without_a_bot_file_a_platform_is_signed_in_and_its_lines_are_complete(
    login: Callable[..., LoggedIn],
    stage: RunningStage,
    home: Path,
    write: Callable[[str], Path],
    greenroom: Callable[..., Any],
) -> None:
    done = login("harbour", says=f"{stage.url}\nsesame\n")
    assert done.code == 0, done.err
    lines = done.out.partition("accounts:\n")[2]
    assert "token: {file: " in lines or "file: " in lines
    write("stage")
    text = (home / "bot.yaml").read_text(encoding="utf-8").replace("accounts:\n  quay: stage\n", "accounts:\n" + lines)
    (home / "bot.yaml").write_text(text, encoding="utf-8")
    said = greenroom("check", "--no-tell")
    assert said.code == 0, said.err
    assert "harbour is @ada on harbour" in said.out


def test_an_account_that_stands_in_no_file_yet_is_found_by_its_name_once_it_does(
    login: Callable[..., LoggedIn], stage: RunningStage, write: Callable[[str], Path], greenroom: Callable[..., Any]
) -> None:
    path = write(f'{{platform: stage, server: "{stage.url}", handle: eve}}')
    done = login("harbour", says=f"{stage.url}\nsesame\n")
    assert "accounts:\n  harbour: harbour\n" in done.out
    text = path.read_text(encoding="utf-8").replace("answer:", "  harbour: harbour\nanswer:")
    path.write_text(text, encoding="utf-8")
    assert "harbour is @ada on harbour" in greenroom("check", "--no-tell").out


def test_several_of_a_kind_are_kept_as_several(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, home: Path
) -> None:
    done = login("harbour", says=f"{stage.url}\nsesame\n")
    lines = yaml.safe_load("accounts:\n" + done.out.partition("accounts:\n")[2])
    assert lines["accounts"]["harbour"]["buoys"] == ["east", "west"]

    path = write("harbour")
    login("quay", says=f"{stage.url}\nsesame\n")
    assert settings(path).buoys == ("east", "west")
    write("{platform: harbour, buoys: [west, East]}")
    assert settings(path).buoys == ("west", "East")
    write("{platform: harbour, buoys: [north]}")
    with pytest.raises(ConfigurationError, match="was signed in with `buoys: east, west`"):
        settings(path)


def settings(path: Path) -> Any:
    """Return the settings that the adapter of `quay` is built with."""
    file = load_bot(path, platforms=Platforms.installed())
    account = file.accounts["quay"]
    return settings_for(
        "quay",
        account,
        file=path,
        adapter=Platforms.installed().adapter(account.platform),
        environ={},
        warn=print,
        login=read_login(account_folder(file.home, "quay")),
    )


def test_check_says_whether_an_account_is_marked_as_a_bot(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    write(f'{{platform: stage, server: "{stage.url}", handle: eve}}')
    said = greenroom("check", "--no-tell", "--json")
    assert said.json["accounts"]["quay"]["is_bot"] is None
    write("harbour")
    login("quay", says=f"{stage.url}\nsesame\n")
    assert "quay is @ada on harbour; marked as a bot; may " in greenroom("check", "--no-tell").out


def test_check_warns_of_what_a_post_cannot_be_on_an_account(
    write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    path = write(f'{{platform: stage, server: "{stage.url}", handle: eve}}')
    posts = [
        "post:",
        "  - {name: quiz, every: 1 day, about: soup, poll: [Tea, Soup], visibility: followers}",
        f"  - {{name: long, every: 1 day, say: {'a' * 490}, poll: [Tea, Soup]}}",
        f"  - {{name: much, every: 1 day, about: soup, poll: [Tea, {'Soup' * 130}]}}",
        f"  - {{name: plain, every: 1 day, say: {'a' * 501}}}",
        f"  - {{name: full, every: 1 day, say: {'a' * 500}}}",
        "  - {name: elsewhere, every: 1 day, about: soup}",
    ]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(posts) + "\n", encoding="utf-8")
    said = greenroom("check", "--no-tell", "--json")
    warnings = [one for one in said.json["accounts"]["quay"]["warnings"] if one.startswith("post")]
    assert warnings == [
        "post `quiz`: `visibility` is left out: there is nothing to choose",
        "post `quiz`: `poll` becomes lines of the text: there are no polls",
        "post `long`: `poll` becomes lines of the text: there are no polls",
        "post `long` will not go out: with what goes with it, it is 6 too long",
        "post `much` will not go out: what goes with it leaves no room for words",
        "post `plain` will not go out: it is 1 too long",
    ]


def test_check_warns_of_fixed_answers_that_are_too_long_for_an_account(
    write: Callable[[str], Path], stage: RunningStage, greenroom: Callable[..., Any]
) -> None:
    path = write(f'{{platform: stage, server: "{stage.url}", handle: eve}}')
    name = "{{ author.handle }}"
    rules = [
        "answer:",
        f"  - {{to: mentions, say: {'a' * 503}}}",
        f"  - {{to: replies, say: {'a' * 500}}}",
        f'  - {{to: quotes, say: "{name}{"a" * 500}"}}',
        f'  - {{to: follows, say: "{name}{"a" * 499}"}}',
        f"  - {{to: direct_messages, say: {'a' * 490}, embed: {{title: the fog bell}}}}",
        f"  - {{to: messages, say: {'a' * 503}, in: other}}",
    ]
    other = f'  other: {{platform: stage, server: "{stage.url}", handle: eva}}'
    text = path.read_text(encoding="utf-8").replace("accounts:\n", f"accounts:\n{other}\n")
    path.write_text(text.replace("answer: mentions\n", "") + "\n".join(rules) + "\n", encoding="utf-8")
    found = greenroom("check", "--no-tell", "--json").json["accounts"]["quay"]["warnings"]
    assert [one for one in found if "too long" in one] == [
        "answer 1 does not answer there: its `say` is 3 too long",
        "answer 3 does not answer there: its `say` is 1 too long",
        "answer 5 does not answer there: its `say` is 4 too long",
    ]


def test_signing_in_again_takes_the_place_of_the_sign_in_before(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, home: Path
) -> None:
    write("harbour")
    login("quay", says=f"{stage.url}\nsesame\n")
    folder = home / "data" / "ada.accounts" / "quay"
    first, mark = token_file(folder).read_text(), json.loads((folder / "login.json").read_text())["mark"]
    login("quay", says=f"{stage.url}\nsesame\n")
    assert token_file(folder).read_text() != first
    assert json.loads((folder / "login.json").read_text())["mark"] != mark


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ("stage", "there is nothing to sign in on stage"),
        ("{platform: pier, server: http://127.0.0.1:9, key: {env: K}}", "there is nothing to sign in on pier"),
    ],
)
def test_a_platform_that_signs_nobody_in_says_so(
    write: Callable[[str], Path], greenroom: Callable[..., Any], account: str, why: str
) -> None:
    write(account)
    said = greenroom("login", "quay")
    assert said.code == 1
    assert why in said.err


def test_a_platform_that_signs_nobody_in_says_what_it_needs(
    write: Callable[[str], Path], greenroom: Callable[..., Any]
) -> None:
    write("stage")
    said = greenroom("login", "pier", "--json")
    assert "pier has no way to sign in from here" in said.json["error"]
    assert "write `key: {env: NAME}` into the bot file" in said.json["error"]


def test_neither_an_account_nor_a_platform_is_told_with_what_there_is(
    write: Callable[[str], Path], greenroom: Callable[..., Any]
) -> None:
    write("stage")
    said = greenroom("login", "kay")
    assert said.code == 1
    assert "the bot has no account `kay`; it has: quay" in said.err
    assert "harbour" in said.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_nothing_secret_is_put_where_others_can_put_things(
    login: Callable[..., LoggedIn], write: Callable[[str], Path], stage: RunningStage, home: Path
) -> None:
    write("harbour")
    (home / "data").mkdir()
    (home / "data").chmod(0o777)
    done = login("quay", says=f"{stage.url}\nsesame\n")
    assert done.code == 1
    assert f"others on this machine can write into {home / 'data'}" in done.err
    assert not list((home / "data").rglob("token*"))


def test_a_spoilt_record_is_told_and_mended_by_signing_in_anew(
    login: Callable[..., LoggedIn],
    write: Callable[[str], Path],
    stage: RunningStage,
    home: Path,
    greenroom: Callable[..., Any],
) -> None:
    write("harbour")
    login("quay", says=f"{stage.url}\nsesame\n")
    (home / "data" / "ada.accounts" / "quay" / "login.json").write_text("{", encoding="utf-8")
    assert "login.json cannot be read" in greenroom("check", "--no-tell").err
    assert login("quay", says=f"{stage.url}\nsesame\n").code == 0
    assert greenroom("check", "--no-tell").code == 0


class DictKeyring(keyring.backend.KeyringBackend):
    """The system's keyring, in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring is not annotated
        self.entries: dict[tuple[str, str], str] = {}

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    @override
    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def system_keyring() -> Iterator[DictKeyring]:
    before, ours = keyring.get_keyring(), DictKeyring()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def test_the_systems_keyring_holds_the_secrets_where_that_is_wanted(
    write: Callable[[str], Path],
    stage: RunningStage,
    home: Path,
    greenroom: Callable[..., Any],
    system_keyring: DictKeyring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from greenroom_harbour import HarbourAdapter  # type: ignore[import-not-found]  # installed for these tests alone

    from greenroom_adapters.contract import Credentials, Secret

    write("harbour")
    token = stage.sign_in("ada")

    async def at_once(cls: object, clerk: object, known: object) -> Credentials:
        return Credentials(
            settings={"server": stage.url, "handle": "ada"}, secrets={"token": Secret(token)}, handle="ada"
        )

    monkeypatch.setattr(HarbourAdapter, "login", classmethod(at_once))
    assert greenroom("login", "quay", "--keyring").code == 0
    mark = json.loads((home / "data" / "ada.accounts" / "quay" / "login.json").read_text())["mark"]
    assert system_keyring.entries == {("greenroom", f"ada/quay/token/{mark}"): token}
    assert not list(home.rglob("token*"))
    assert greenroom("check", "--no-tell").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="has no such terminals")
def test_on_a_terminal_it_asks_and_never_shows_the_secret(
    write: Callable[[str], Path], stage: RunningStage, home: Path
) -> None:
    write("harbour")
    script = home.parent / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "greenroom", "login", "quay"],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"BROWSER": f"{sys.executable} {script} %s", "TERM": "dumb"},
    )
    os.close(theirs)
    seen = ""

    def answer(question: str, words: str) -> None:
        nonlocal seen
        while question not in seen:
            seen += os.read(ours, 4096).decode()
        # whoever asks has switched the echo off by the time that he is answered
        time.sleep(0.3)
        os.write(ours, f"{words}\n".encode())

    try:
        answer("Where is the harbour?", stage.url)
        answer("The master's word?", "sesame")
        with contextlib.suppress(OSError):  # the terminal goes with its last process
            while chunk := os.read(ours, 4096):
                seen += chunk.decode()
        assert process.wait(30) == 0, seen
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "quay is signed in as @ada on harbour." in seen
    assert stage.url in seen
    assert "sesame" not in seen
    assert token_file(home / "data" / "ada.accounts" / "quay").read_text(encoding="utf-8") not in seen


@pytest.mark.skipif(sys.platform == "win32", reason="has no such terminals")
def test_on_a_terminal_one_interruption_ends_it_and_keeps_nothing(write: Callable[[str], Path], home: Path) -> None:
    write("harbour")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "greenroom", "login", "quay"],
        cwd=home,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=os.environ | {"TERM": "dumb"},
    )
    os.close(theirs)
    seen = ""
    try:
        while "Where is the harbour?" not in seen:
            seen += os.read(ours, 4096).decode()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert not list(home.rglob("login.json"))


def test_a_new_bot_on_a_platform_that_signs_people_in_is_signed_in_afterwards(
    login: Callable[..., LoggedIn], stage: RunningStage, greenroom: Callable[..., Any], home: Path
) -> None:
    made = greenroom("new", "--name", "Eve", "--platform", "harbour")
    assert made.code == 0, made.err
    assert "Sign it in: greenroom login home --bot eve-bot.yaml" in made.out
    assert "environment" not in made.out
    assert "home: {platform: harbour, live: false}" in (home / "eve-bot.yaml").read_text(encoding="utf-8")
    assert login("home", "--bot", "eve-bot.yaml", says=f"{stage.url}\nsesame\n").code == 0
    assert "home is @ada on harbour" in greenroom("check", "eve-bot.yaml", "--no-tell").out
