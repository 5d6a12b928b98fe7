#!/usr/bin/env python3
"""Write down what a real Synapse says, for the tests of the mapping: record.py URL REGISTRATION_SECRET FILE

Needs a homeserver of `start.py`. Who takes part has the same name at every recording; ids and times are the server's.
"""

import json
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from matrix_people import V3, register


def main(base: str, secret: str, file: str) -> None:
    bot, alice, bob = (register(base, secret, name) for name in ("lightbot", "alice", "bob"))
    room = alice.make_room(preset="public_chat", room_alias_name="pier", name="The Pier")
    bot.join(room)
    since = bot.call("GET", f"{V3}/sync?timeout=0")["next_batch"]
    bob.join(room)
    mention = alice.say(room, "what is rain?", mention=bot)
    ours = bot.send(room, {"msgtype": "m.notice", "body": "Water.", "m.mentions": {}})
    alice.reply(room, ours, f"> <{bot.id}> Water.\n\nand snow?", mention=bot)
    bob.reply(room, mention, "I know")
    alice.in_thread(room, mention, mention, "tell me here", mention=bot)
    alice.react(room, ours, "\U0001f44d\ufe0f")
    bob.react(room, mention, "\U0001f389")
    alice.edit(room, mention, "what is sleet?")
    bob.edit(room, mention, "what is money?")
    spam = bob.say(room, "buy things")
    alice.redact(room, spam)
    picture = {"msgtype": "m.image", "body": "the pier", "filename": "pier.png", "url": "mxc://bot.test/AbC"}
    alice.send(room, {**picture, "info": {"mimetype": "image/png"}, "m.mentions": {}})
    alice.send(room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}, "m.room.encrypted")
    alice.send(room, {"move": "e4"}, "org.example.game")
    alice.state(room, "m.room.topic", {"topic": "the sea"})
    wanted = {"room": {"timeline": {"limit": 50, "lazy_load_members": True}, "state": {"lazy_load_members": True}}}
    everything = bot.call("GET", f"{V3}/sync?timeout=0&filter={quote(json.dumps(wanted))}")
    batch = bot.call("GET", f"{V3}/sync?timeout=0&since={since}&filter={quote(json.dumps(wanted))}")
    recorded = {
        "bot": bot.id,
        "alice": alice.id,
        "bob": bob.id,
        "room": room,
        "first": {"next_batch": everything["next_batch"], "rooms": everything["rooms"]},
        "batch": {"next_batch": batch["next_batch"], "rooms": batch["rooms"]},
    }
    Path(file).write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
