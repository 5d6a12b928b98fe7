"""Nothing in the sources stops Greenroom on macOS or Windows: what only some systems have is guarded."""

import ast
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

MODULES = frozenset(
    {"crypt", "fcntl", "grp", "msvcrt", "posix", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty"}
    | {"uvloop", "winreg", "winsound", "_winapi"}
)
"""What the standard library has on some systems alone, and one event loop that is not for Windows."""
NAMES = frozenset(
    {
        *(f"os.{name}" for name in ("chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid")),
        *(f"os.{name}" for name in ("getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getsid", "getuid")),
        *(f"os.{name}" for name in ("killpg", "lchown", "mkfifo", "mknod", "nice", "openpty", "posix_spawn")),
        *(f"os.{name}" for name in ("sched_getaffinity", "setgid", "setpgid", "setsid", "setuid", "statvfs", "sync")),
        *(f"os.{name}" for name in ("sysconf", "uname", "wait", "waitid", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK")),
        *(f"signal.{name}" for name in ("alarm", "pause", "setitimer", "siginterrupt", "sigwait", "pthread_sigmask")),
        *("socket.AF_UNIX", "socket.socketpair", "time.tzset", "select.poll", "select.epoll", "select.kqueue"),
        *(f"asyncio.{name}" for name in ("open_unix_connection", "start_unix_server", "create_subprocess_shell")),
        *(f"asyncio.{name}" for name in ("set_event_loop_policy", "WindowsSelectorEventLoopPolicy")),
    }
)
"""What only some systems have, or what only some event loops can."""
EVERYWHERE = frozenset({"SIGINT", "SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV", "SIG_DFL", "SIG_IGN"})
LOOPS = frozenset({"add_reader", "add_signal_handler", "add_writer", "create_unix_connection", "create_unix_server"})
"""Methods that the event loop of Windows has not."""
UNPADDED = re.compile("%[-#][dmHIjMS]")
"""A date without zeros in front: spelled otherwise on Windows."""
ROOTS = ("/bin/", "/dev/", "/etc/", "/home/", "/proc/", "/run/", "/tmp/", "/usr/", "/var/")  # noqa: S108 - to find them
GUARDS = frozenset({"os.name", "sys.platform", "hasattr"})
MISSES = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "NotImplementedError"})
"""What is raised where something is not there."""
MODES = "modes and groups are looked at where os.name is not `nt`: private_folder returns before that"
FROZEN = "tests that freeze a server of theirs run on POSIX alone"
REASONS: Mapping[tuple[str, str], str] = {
    ("bots/greenroom/private.py", "os.geteuid"): MODES,
    ("bots/greenroom/private.py", "grp"): MODES,
    ("bots/greenroom/private.py", "pwd"): MODES,
    ("bots/greenroom/storage/sqlite/home.py", "/etc/machine-id"): "where it is not, the name of the machine counts",
    (
        "bots/greenroom/storage/sqlite/home.py",
        "/run/.containerenv",
    ): "it is looked for, and is in containers only",
    ("adapters/greenroom_adapters/testing/stage.py", "signal.SIGSTOP"): FROZEN,
    ("adapters/greenroom_adapters/testing/stage.py", "signal.SIGCONT"): FROZEN,
}
"""Module and what it uses → why it does no harm there."""


def test_what_only_some_systems_have_is_guarded(root: Path) -> None:
    found: dict[tuple[str, str], list[str]] = {}
    for top in ("bots", "adapters"):
        for path in sorted((root / top).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for line, what in uses(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault((name, what), []).append(f"{name}:{line}: {what}")
    assert [one for place in found.keys() - REASONS.keys() for one in found[place]] == []
    assert REASONS.keys() - found.keys() == set(), "a reason for what is not there"


def uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and name of what would fail elsewhere."""
    yield from _walk(tree, guarded=False)


def _walk(node: ast.AST, *, guarded: bool) -> Iterator[tuple[int, str]]:
    if not guarded:
        yield from _of(node)
    for field, value in ast.iter_fields(node):
        inner = guarded or _guards(node, field)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, guarded=inner)


def _guards(node: ast.AST, field: str) -> bool:
    """Say whether this part of a statement runs only where the system was asked about, or may fail."""
    if isinstance(node, ast.If | ast.IfExp):
        return field != "test" and any(_dotted(part) in GUARDS for part in ast.walk(node.test))
    if isinstance(node, ast.Try):
        names = {_dotted(part) for handler in node.handlers if handler.type for part in ast.walk(handler.type)}
        return field == "body" and bool(names & MISSES)
    if isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        names = {_dotted(part) for call in calls if _dotted(call.func).endswith("suppress") for part in call.args}
        return field == "body" and bool(names & MISSES)
    return False


def _of(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((node.lineno, name.name) for name in node.names if name.name.partition(".")[0] in MODULES)
    elif isinstance(node, ast.ImportFrom):
        if (node.module or "").partition(".")[0] in MODULES:
            yield node.lineno, node.module or ""
        whole = {f"{node.module}.{name.name}" for name in node.names}
        yield from ((node.lineno, name) for name in sorted(whole & NAMES))
    elif isinstance(node, ast.Attribute):
        name = _dotted(node)
        if name in NAMES or (name.startswith("signal.SIG") and name.removeprefix("signal.") not in EVERYWHERE):
            yield node.lineno, name
        elif node.attr in LOOPS:
            yield node.lineno, node.attr
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value.startswith(ROOTS):
            yield node.lineno, node.value
        if UNPADDED.search(node.value):
            yield node.lineno, f"{node.value} in a date"
    elif isinstance(node, ast.Call):
        yield from _of_call(node)


def _of_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    name, keywords = _dotted(node.func), {one.arg for one in node.keywords}
    if name == "os.kill" and isinstance(node.args[-1], ast.Constant):
        # there 0 is Ctrl-C, and reaches the asker as well
        yield node.lineno, "os.kill(…, 0)"
    if "preexec_fn" in keywords:
        yield node.lineno, "preexec_fn"
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else name
    if "encoding" in keywords or None in keywords:
        return
    modes = [one.value for one in (*node.args, *(key.value for key in node.keywords)) if isinstance(one, ast.Constant)]
    is_bytes = any(isinstance(mode, str) and "b" in mode and len(mode) <= 3 for mode in modes)
    if (attribute == "read_text" and not node.args) or (attribute == "write_text" and len(node.args) < 2):
        yield node.lineno, f"{attribute} without an encoding"
    elif name == "open" and not is_bytes:
        yield node.lineno, "open without an encoding"


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


@pytest.mark.parametrize(
    "source",
    [
        "import fcntl",
        "from pwd import getpwnam",
        "from os import fork",
        "import os\nos.getuid()",
        "import signal\nsignal.signal(signal.SIGHUP, stop)",
        "loop.add_signal_handler(2, stop)",
        "import os\nos.kill(pid, 0)",
        "open('a.txt')",
        "Path('a').read_text()",
        "Path('a').write_text(text)",
        "asyncio.set_event_loop_policy(policy)",
        "subprocess.run(command, preexec_fn=alone)",
        "Path('/tmp/a')",
        "f'{day:%-d}'",
    ],
)
def test_what_would_fail_elsewhere_is_seen(source: str) -> None:
    assert list(uses(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import fcntl\nexcept ImportError:\n    fcntl = None",
        "with contextlib.suppress(ImportError):\n    import resource",
        "try:\n    loop.add_signal_handler(2, stop)\nexcept NotImplementedError:\n    pass",
        "if os.name != 'nt':\n    os.getuid()",
        "if hasattr(signal, 'SIGHUP'):\n    signal.signal(signal.SIGHUP, stop)",
        "open('a', 'rb')",
        "open('a', encoding='utf-8')",
        "signal.signal(signal.SIGINT, stop)",
        "os.kill(pid, signal.SIGTERM)",
    ],
)
def test_what_is_guarded_or_known_everywhere_is_not(source: str) -> None:
    assert not list(uses(ast.parse(source)))


def test_the_signals_that_are_known_everywhere_are_known_here() -> None:
    assert {name for name in EVERYWHERE if hasattr(signal, name)} == EVERYWHERE
