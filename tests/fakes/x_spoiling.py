"""Payloads of X with something in them replaced by junk, or taken away."""

import copy
import json
import random
from typing import Any

__all__ = ["JUNK", "spoiled"]

JUNK: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "\u202e\x00",
    "99999999999999999999",
    [],
    [1, None],
    {},
    {"id": 5},
)


def spoiled(samples: list[dict[str, Any]], dice: random.Random) -> Any:
    """Return one of the samples with something in it replaced by junk, or taken away."""
    value = json.loads(json.dumps(dice.choice(samples)))
    for _ in range(dice.randint(1, 3)):
        inner: Any = value
        while places := list(inner) if isinstance(inner, dict) else list(range(len(inner))):
            place = dice.choice(places)
            if isinstance(inner[place], dict | list) and inner[place] and dice.random() < 0.6:
                inner = inner[place]
            elif dice.random() < 0.2:
                del inner[place]
                break
            else:
                inner[place] = copy.deepcopy(dice.choice(JUNK))
                break
    return value
