"""`greenroom unit`: what systemd needs to run a bot."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from greenroom.cli.choosing import BotArgument, choose
from greenroom.cli.failing import for_owners
from greenroom.cli.showing import AsJson, warn, write_json

__all__ = ["HARDENING", "quoted", "unit"]

HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
PrivateDevices=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077"""
"""What a bot may not do to the machine that it runs on."""

UNIT = """\
# /etc/systemd/system/{service}
# systemctl daemon-reload && systemctl enable --now {service}
[Unit]
Description=Greenroom bot {bot}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
User={user}
WorkingDirectory={folder}
# keys of models and platforms, a line for each: NAME=value; chmod 600
EnvironmentFile=-{environment}
ExecStart={command}
# what is being sent is finished or noted down
KillMode=mixed
TimeoutStopSec=30
Restart=on-failure
RestartSec=5
# a command line that is not understood does not get better by itself
RestartPreventExitStatus=2
ReadWritePaths={data}
{hardening}

[Install]
WantedBy=multi-user.target
"""


@for_owners
def unit(
    bot: BotArgument = None,
    observe: Annotated[
        str,
        typer.Option(
            metavar="[HOST:]PORT", help="Where it tells how it is; see `greenroom run --observe`. Empty: nowhere."
        ),
    ] = "127.0.0.1:9464",
    user: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose it is. Left out: who types this.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a systemd unit that runs a bot as a service.

    The bot is started with the machine and after a failure, as a user without any right but to write into the folder of
    its ledger. Put the unit where its first line says.

    Example: greenroom unit config/bots/ada.yaml > ada.service
    """
    chosen = choose(bot)
    file = chosen.in_force()
    service = f"greenroom-{file.bot}.service"
    path = chosen.path.absolute()
    data = file.home.absolute().parent
    if not data.exists():
        warn(f"{data} is not there yet, and systemd wants it: mkdir -m 700 {data}")
    whose = user or getpass.getuser()
    if whose == "root":
        warn("it would run as root, which it never needs: --user NAME lets it run as somebody else")
    folder = Path.cwd() if chosen.is_demo else path.parent
    words = [
        sys.executable,
        "-m",
        "greenroom",
        "run",
        str(path),
        "--no-texts",
        *(["--observe", observe] if observe else []),
    ]
    text = UNIT.format(
        service=service,
        bot=file.bot,
        user=whose,
        folder=_escaped(str(folder)),
        environment=_escaped(str(folder / f"{file.bot}.env")),
        command=" ".join(map(quoted, words)),
        data=quoted(str(data), is_command=False),
        hardening=HARDENING,
    )
    if as_json:
        write_json({"name": service, "text": text})
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


def quoted(word: str, *, is_command: bool = True) -> str:
    """Return one word of a line of systemd, which it reads as it is here; only in a command it looks for variables."""
    plain = _escaped(word).replace("$", "$$" if is_command else "$")
    if word and all(sign.isalnum() or sign in "@%+=:,./_-" for sign in word):
        return plain
    inside = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inside}"'


def _escaped(word: str) -> str:
    """Return a value in which systemd finds no specifier."""
    return word.replace("%", "%%")
