#!/usr/bin/env python3
"""Write down what a real AppView tells a bot, for the tests of the mapping: record.py URL FILE

Needs a network of `start.py`. Ids and times are the server's; handles differ from recording to recording.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from bluesky_people import eventually, mark, register

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)


def main(base: str, file: str) -> None:
    bot, alice, bob = (register(base, name) for name in ("lightbot", "alice", "bob"))
    bob.set_profile(displayName="Bob", description="no machines please, #nobot")
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]}
    alice.set_profile(displayName="Alice", labels=labels)
    ours = bot.post("lamp lit")
    bob.wait_for(ours["uri"])
    image = {"image": alice.upload(PIXEL, "image/png"), "alt": "the pier"}
    pictures = {"$type": "app.bsky.embed.images", "images": [image]}
    quote = {"$type": "app.bsky.embed.record", "record": ours}
    both = {"$type": "app.bsky.embed.recordWithMedia", "record": quote, "media": pictures}
    done = {
        "mention": alice.mention(bot, "what is rain?", langs=["en", "de"], embed=pictures),
        "reply": bob.reply(ours, "well done"),
        "quote": alice.post("look", embed=both),
        "all": alice.reply(ours, f"@{bot.handle} all of it", facets=[mark(bot)], embed=quote),
        "like": alice.like(ours),
        "repost": bob.repost(ours),
        "follow": bob.follow(bot),
    }
    bob.wait_for(done["all"]["uri"])
    done["beside"] = bob.reply(done["all"], "between you and me")
    for made in done.values():
        bot.wait_for_notification(made["uri"])

    def told() -> list[object] | None:
        page: list[object] = bot.get("app.bsky.notification.listNotifications", limit="100")["notifications"]
        return page if "Bob" in json.dumps(page) and '"val": "bot"' in json.dumps(page) else None

    recorded = {
        "bot": bot.did,
        "alice": alice.did,
        "bob": bob.did,
        "ours": ours["uri"],
        "done": {name: made["uri"] for name, made in done.items()},
        "notifications": eventually(told, "the profiles in the notifications"),
    }
    Path(file).write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
