"""How a person gets the token of a bot."""

from collections.abc import Mapping

from greenroom_adapters.contract import Clerk, ConfigurationError, Credentials, Kind, Secret, Wanted
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.checking import PORTAL, invitation, misses_content, switch_on_content
from greenroom_adapters.discord.errors import refusal, wait
from greenroom_adapters.discord.intents import may_read_everything
from greenroom_adapters.discord.mapping import handle_of
from greenroom_adapters.discord.permissions import NEEDED, needed
from greenroom_adapters.transport import Http

__all__ = ["bare", "sign_in", "steps"]

NEW = f"Open {PORTAL} and press *New Application*; its name is the bot's name."
COPY = "On the page *Bot* press *Reset Token* and copy what appears: it is shown once. Whoever has it is the bot."
OTHERS = "*Server Members Intent* and *Presence Intent* stay off: no bot needs them."
NO_SWITCH = (
    "On its page *Bot*, leave the three *Privileged Gateway Intents* off: what this bot's rules answer is read without."
)
MAYBE = (
    "On its page *Bot*, under *Privileged Gateway Intents*, switch on *Message Content Intent* if the bot is to read "
    f"messages that do not mention it. {OTHERS}"
)
JOINS = (
    "Who comes in is told by the server's own words of welcome: Server Settings, *Engagement* (or *Overview*), *System "
    "Messages Channel*, with *Send a random welcome message when someone joins this server* switched on."
)


def steps(wanted: Wanted | None) -> list[str]:
    """Return what is to be done in the developer portal for this bot."""
    if wanted is None:
        switches = MAYBE
    elif (missed := misses_content(wanted)) is None:
        switches = NO_SWITCH
    elif Kind.MESSAGE in wanted.kinds:
        switches = (
            "On its page *Bot*, under *Privileged Gateway Intents*, switch on *Message Content Intent*: the bot's "
            f"rules read {missed}. {OTHERS}"
        )
    else:
        switches = (
            "On its page *Bot*, under *Privileged Gateway Intents*, *Message Content Intent* may stay off: only "
            f"{missed} then come without their text. {OTHERS}"
        )
    return [NEW, switches, COPY]


def bare(token: Secret) -> Secret:
    """Return a token without the word that stands before it in examples."""
    return Secret(token.reveal().strip().removeprefix("Bot ").strip())


async def sign_in(
    clerk: Clerk, known: Mapping[str, str], *, platform: str, base_url: str, wanted: Wanted | None
) -> Credentials:
    """Walk somebody through it: what the bot needs is `wanted`, and everything that a bot may need without it."""
    clerk.tell("\n".join(f"{number}. {step}" for number, step in enumerate(steps(wanted), 1)))
    token = bare(await clerk.ask_secret("Token of the bot"))
    if not token.reveal():
        raise ConfigurationError("without its token nobody can sign the bot in")
    allowance = Allowance()
    async with Http(
        known.get("base_url", base_url),
        platform=platform,
        account="login",
        secrets=(token,),
        refusal=refusal,
        wait=wait,
        heard=allowance.heard,
    ) as http:
        http.authorize(token, scheme="Bot")
        api = Api(http, allowance)
        me, application = await api.me(), await api.application()
        guilds = await api.guilds()
    names = ", ".join(f"*{NEEDED[name]}*" for name in needed(wanted)) or "no permission at all"
    notes = [f"Invite it into a server with {invitation(application.id, wanted)} ({names})"]
    if guilds:
        notes.append(f"It is in {', '.join(f'{guild.name} ({guild.id})' for guild in guilds[:10])}.")
    missed = misses_content(wanted)
    if missed is not None and not may_read_everything(application):
        notes.append(f"Until it may, {missed} come without their text: {switch_on_content(application.id)}.")
    if wanted is not None and Kind.JOIN in wanted.kinds:
        notes.append(JOINS)
    return Credentials(settings={}, secrets={"token": token}, handle=handle_of(me), notes=tuple(notes))
