"""A process that has `greenroom` imported and becomes each command that is typed: that is most of what a command takes.

It is given, through the socket that is its first argument, a folder and the words of a command, with the terminal; it
answers with the process that the command runs in.
"""

import gc
import json
import os
import signal
import socket
import sys
import traceback
from importlib import import_module

USED = ("greenroom.cli", "greenroom.app", "greenroom_adapters.discord", "greenroom_adapters.x")


def serve(asked: socket.socket) -> None:
    """Begin commands until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is gone
    for name in USED:
        import_module(name)
    gc.freeze()
    while True:
        message, (*terminals,), _, _ = socket.recv_fds(asked, 65536, 1)
        if not message:
            return
        folder, words = json.loads(message)
        process = os.fork()
        if process == 0:
            asked.close()
            become(folder, words, terminals[0])
        os.close(terminals[0])
        asked.sendall(f"{process}\n".encode())


def become(folder: str, words: list[str], terminal: int) -> None:
    """Run one command, as a process of its own on that terminal, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    for shown in (0, 1, 2):
        os.dup2(terminal, shown)
    os.close(terminal)
    # those of before know how to seek, which a terminal does not
    sys.stdout, sys.stderr = (open(shown, "w", buffering=1, closefd=False) for shown in (1, 2))  # noqa: SIM115 - they end with the process
    os.chdir(folder)
    sys.argv = words
    code = 1
    try:
        import_module("greenroom.cli").main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as Python itself ends with it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
