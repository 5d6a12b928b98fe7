"""How a person gets the token of a bot."""

from collections.abc import Mapping

from greenroom_adapters.contract import Clerk, ConfigurationError, Credentials, Secret
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.checking import invitation
from greenroom_adapters.discord.errors import refusal, wait
from greenroom_adapters.discord.intents import may_read_everything
from greenroom_adapters.discord.mapping import handle_of
from greenroom_adapters.transport import Http

__all__ = ["bare", "sign_in"]

STEPS = (
    "Open https://discord.com/developers/applications and press *New Application*; its name is the bot's name.",
    "On the page *Bot*, switch on *Message Content Intent* if the bot is to read messages that do not mention it. The "
    "other two privileged intents are not needed.",
    "On the same page press *Reset Token* and copy what appears: it is shown once. Whoever has it is the bot.",
)


def bare(token: Secret) -> Secret:
    """Return a token without the word that stands before it in examples."""
    return Secret(token.reveal().strip().removeprefix("Bot ").strip())


async def sign_in(clerk: Clerk, known: Mapping[str, str], *, platform: str, base_url: str) -> Credentials:
    """Walk somebody through it."""
    clerk.tell("\n".join(f"{number}. {step}" for number, step in enumerate(STEPS, 1)))
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
    notes = [f"Invite it into a server with {invitation(application.id)}"]
    if guilds:
        notes.append(f"It is in {', '.join(f'{guild.name} ({guild.id})' for guild in guilds[:10])}.")
    if not may_read_everything(application):
        notes.append("It reads only what mentions it: *Message Content Intent* is off.")
    return Credentials(settings={}, secrets={"token": token}, handle=handle_of(me), notes=tuple(notes))
