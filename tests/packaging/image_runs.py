"""deploy/Containerfile is built, and run as deploy/compose.yaml runs it.

`make image` makes ready what that takes, and alone runs these tests: by its name this file is none of the suite's, so
that neither a desk without podman nor a build server passes over them without a word.
"""

import json
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import canonicalize_name

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

IMAGE = "localhost/greenroom-under-test"
PATIENCE = 60.0
"""Seconds in which a container must do the next thing."""
LIMITS = ("--ulimit=nofile=1024:4096", "--ulimit=nproc=512:512")
"""Said, because podman would raise them, which it may not do everywhere."""
STAGE = "http://127.0.0.1:7788"
BOT = f"""\
bot: ada
persona: ada.yaml
accounts:
  home: {{platform: stage, server: "{STAGE}", handle: ada}}
answer: mentions
store: /data/bot.db
tell: home/@ben
"""
PERSONA = """\
persona: Ada
who: keeps the lighthouse
voice: dry and kind
"""
CALL = """
import json, sys, urllib.request
method, path, token, body = json.load(sys.stdin)
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
data = None if body is None else json.dumps(body).encode()
with urllib.request.urlopen(urllib.request.Request(path, data, headers, method=method), timeout=30) as answer:
    print(answer.read().decode())
"""

STALE = """
import importlib.util, pathlib, sysconfig
for source in pathlib.Path(sysconfig.get_path("purelib")).glob("greenroom*/**/*.py"):
    compiled = pathlib.Path(importlib.util.cache_from_source(source))
    if int.from_bytes(compiled.read_bytes()[8:12], "little") != int(source.stat().st_mtime):
        print(source)
"""
"""Programs that are typed inside."""


def podman(*words: str | Path, given: str | None = None, code: int = 0, patience: float = PATIENCE) -> str:
    """Run podman; return what it printed. Another exit code than `code` is a failure."""
    program = shutil.which("podman")
    if program is None:
        pytest.fail("podman is not here: see `make image`")
    # crun refuses machines on which both generations of control groups are mounted
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    done = subprocess.run(  # noqa: S603 - podman with what this module says
        [program, *runtime, *map(str, words)],
        input=given,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@dataclass(frozen=True, slots=True)
class Container:
    """One that runs, or has run."""

    name: str

    def log(self) -> list[dict[str, Any]]:
        """What the bot in it has said, entry for entry."""
        return [json.loads(line) for line in podman("logs", self.name).splitlines() if line.startswith("{")]

    def says(self, event: str) -> bool:
        """Tell whether this event stands in the log."""
        return any(entry["event"] == event for entry in self.log())

    def type(self, *words: str) -> str:
        """Type a command of ours inside; return what it printed."""
        return podman("exec", self.name, "greenroom", *words)

    def call(self, method: str, path: str, token: str = "", body: object = None) -> Any:
        """Ask the Stage that runs in it."""
        given = json.dumps([method, STAGE + path, token, body])
        return json.loads(podman("exec", "--interactive", self.name, "python", "-c", CALL, given=given))

    def stop(self) -> int:
        """End it as an orchestrator does; return its exit code."""
        podman("stop", "--time", "30", self.name)
        return int(self.inspect("{{.State.ExitCode}}"))

    def inspect(self, what: str) -> str:
        """Return one fact about it."""
        return podman("inspect", "--format", what, self.name).strip()

    def changed(self) -> set[str]:
        """Every path that is not as in the image; mounted ones are not looked into."""
        return {line[2:] for line in podman("diff", self.name).splitlines()}


Start = Callable[..., Container]


@pytest.fixture(scope="module")
def image(root: Path) -> str:
    """The image of this checkout. Its libraries are installed once, as long as their lock file is the same."""
    base = (root / "deploy" / "Containerfile").read_text(encoding="utf-8").partition("\nFROM ")[2].split()[0]
    if shutil.which("podman") is None:
        pytest.fail("podman is not here: see `make image`")
    if subprocess.run(["podman", "image", "exists", base], check=False).returncode:  # noqa: S603, S607 - podman alone
        pytest.fail(f"{base} is not here: `make image` gets it")
    # whom this machine trusts, and where its pip finds packages
    here = [place for place in ("/etc/ssl/certs", "/etc/pip.conf") if Path(place).exists()]
    podman(
        *("build", "--quiet", "--format", "docker", "--pull=never", "--layers", "--tag", IMAGE),
        *("--isolation", "chroot", "--network", "host", *(f"--volume={place}:{place}:ro" for place in here)),
        *("--file", root / "deploy" / "Containerfile", root),
        patience=800,
    )
    return IMAGE


@pytest.fixture(scope="module")
def as_composed(root: Path) -> list[str]:
    """The options with which deploy/compose.yaml starts the bot."""
    bot = yaml.safe_load((root / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]["bot"]
    return [
        *(["--read-only", "--init"] if bot["read_only"] and bot["init"] else []),
        *(f"--tmpfs={place}" for place in bot["tmpfs"]),
        *(f"--cap-drop={one}" for one in bot["cap_drop"]),
        *(f"--security-opt={one}" for one in bot["security_opt"]),
        *(f"--user={bot['user']}", f"--pids-limit={bot['pids_limit']}", f"--memory={bot['mem_limit']}"),
        *("--env", f"GREENROOM_OBSERVE={bot['environment']['GREENROOM_OBSERVE']}"),
        *("--env", "GREENROOM_OBSERVE_PASSWORD=the lamp is lit at dusk"),
    ]


@pytest.fixture
def start(image: str) -> Iterator[Start]:
    """Start a container of the image with podman's options and our words; it is gone after the test."""
    with ExitStack() as stack:

        def begin(name: str, options: Sequence[str | Path], *words: str) -> Container:
            one = Container(f"greenroom-{name}-{uuid.uuid4().hex[:8]}")
            stack.callback(podman, "rm", "--force", "--time=0", "--volumes", one.name)
            podman("run", "--detach", "--name", one.name, *LIMITS, *options, image, *words)
            return one

        yield begin


@pytest.fixture
def stage(start: Start) -> Container:
    """A Stage that is ready, in a network of its own, which the bot of the test joins."""
    words = ("stage", "--port", "7788", "--data", "/tmp/stage.db")  # noqa: S108 - in the container
    one = start("stage", ["--network=none", "--read-only"], *words)
    until(lambda: "READY" in podman("logs", one.name))
    return one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bot and its persona, as an owner writes them."""
    place = tmp_path / "bot"
    place.mkdir()
    (place / "bot.yaml").write_text(BOT, encoding="utf-8")
    (place / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    place.chmod(0o755)
    return place


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def answers(stage: Container, token: str, post: str) -> list[str]:
    return [one["author"]["handle"] for one in stage.call("GET", f"/api/posts/{post}/thread", token)["below"]]


def test_a_bot_without_rights_on_a_root_that_cannot_be_written_answers_and_leaves_cleanly(
    start: Start, stage: Container, folder: Path, as_composed: list[str]
) -> None:
    options = [*as_composed, f"--network=container:{stage.name}", f"--volume={folder}:/bot:ro"]
    ben = stage.call("POST", "/api/session", body={"handle": "ben"})["token"]
    bot = start("bot", options)
    until(lambda: bot.says("connected"))
    post = stage.call("POST", "/api/posts", ben, {"text": "@ada is the lamp lit?"})["id"]
    until(lambda: answers(stage, ben, post) == ["ada"])

    podman("healthcheck", "run", bot.name)
    assert bot.inspect("{{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.Config.User}}") == "true [] 10001:10001"
    assert "1 sent" in bot.type("status", "/bot/bot.yaml")
    assert "It is a copy" in bot.type("pack", "/bot/bot.yaml", "--copy", "--to", "/data/copy.greenroom")
    assert podman("exec", bot.name, "find", "/tmp").split() == ["/tmp"]  # noqa: S108 - in the container

    assert bot.stop() == 0
    assert bot.log()[-1]["event"] == "stopped"
    assert [entry for entry in bot.log() if entry.get("level") in ("warning", "error")] == []


def test_even_with_every_right_it_writes_nowhere_but_where_it_says(
    start: Start, stage: Container, folder: Path
) -> None:
    options = ["--user=0:0", "--cap-add=CHOWN,DAC_OVERRIDE", f"--network=container:{stage.name}"]
    ben = stage.call("POST", "/api/session", body={"handle": "ben"})["token"]
    bot = start("free", [*options, f"--volume={folder}:/bot"])
    until(lambda: bot.says("connected"))
    post = stage.call("POST", "/api/posts", ben, {"text": "@ada is the lamp lit?"})["id"]
    until(lambda: answers(stage, ben, post) == ["ada"])
    podman("healthcheck", "run", bot.name)
    podman("exec", bot.name, "touch", "/srv/mark")
    assert bot.stop() == 0
    # podman itself writes into /etc and makes what it mounts on
    changed = {path for path in bot.changed() if path.split("/")[1] not in ("etc", "run", "proc", "sys", "dev")}
    assert changed == {"/srv", "/srv/mark"}
    assert {one.name for one in folder.iterdir()} == {"bot.yaml", "ada.yaml"}


def test_the_image_holds_what_its_lock_file_names_compiled_and_an_update_of_ours_is_small(
    image: str, project: dict[str, Any], root: Path
) -> None:
    def typed(*words: str) -> str:
        return podman("run", "--rm", "--network=none", *LIMITS, "--entrypoint", words[0], image, *words[1:])

    wanted = (root / "deploy" / "Containerfile").read_text(encoding="utf-8").partition("python:")[2].partition("-")[0]
    assert typed("python", "--version").startswith(f"Python {wanted}.")
    assert typed("greenroom", "--version") == f"greenroom {project['project']['version']}\n"

    listed = "from importlib.metadata import distributions as d; print(*(one.name for one in d()))"
    there = {canonicalize_name(name) for name in typed("python", "-c", listed).split()}
    lock = (root / "requirements" / "container.txt").read_text(encoding="utf-8")
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    assert there - locked == {"greenroom"}
    assert {
        "asyncpg",
        "c2pa-python",
        "imageio-ffmpeg",
        "mcp",
        "numpy",
        "opentelemetry-sdk",
        "prometheus-client",
    } <= there

    assert typed("python", "-c", STALE) == "", "compiled anew at each start"
    newest_first = [one["size"] for one in json.loads(podman("history", "--format", "json", image)) if one["size"]]
    assert newest_first[0] < 40_000_000 < newest_first[1], "an update of ours brings its libraries along"
