"""What TikTok's codes mean: for every one that is documented, whatever status it comes under."""

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from filmed import MP4
from tiktok_world import TikTokWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Forbidden,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Post,
    PostRejected,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.testing import Intent
from greenroom_adapters.tiktok.errors import MEANINGS, Stopped, refusal, wait
from greenroom_adapters.tiktok.wire import LISTS, STATUSES
from greenroom_adapters.transport import Answer, Effect

WorldOf = Callable[[], TikTokWorld]
ALWAYS = {
    "unaudited_client_can_only_post_to_private_accounts": Forbidden,
    "privacy_level_option_mismatch": Forbidden,
    "invalid_params": PostRejected,
    "scope_not_authorized": Forbidden,
    "scope_permission_missed": Forbidden,
    "url_ownership_unverified": Forbidden,
    "file_format_check_failed": MediaRefused,
    "duration_check_failed": MediaRefused,
    "frame_rate_check_failed": MediaRefused,
    "picture_size_check_failed": MediaRefused,
    "spam_risk_too_many_posts": RateLimited,
    "spam_risk_too_many_pending_share": RateLimited,
    "reached_active_user_cap": RateLimited,
    "spam_risk_user_banned_from_posting": Stopped,
    "access_token_invalid": AuthenticationFailed,
    "rate_limit_exceeded": RateLimited,
    "internal": Unavailable,
    "video_pull_failed": Unavailable,
}
A_DAY = {"spam_risk_too_many_posts", "spam_risk_too_many_pending_share", "reached_active_user_cap"}


def answer(code: str, *, effect: Effect = Effect.REPEATABLE) -> Answer:
    body = json.dumps({"data": {}, "error": {"code": code, "message": "no", "log_id": "1"}}).encode()
    return Answer(status=403, headers={}, body=body, effect=effect)


@pytest.mark.parametrize("code", sorted(ALWAYS))
def test_each_code_says_what_to_do(code: str) -> None:
    known = refusal(answer(code))
    assert known is not None
    assert known[0] is ALWAYS[code]
    assert code in known[1]
    assert wait(answer(code)) == (timedelta(days=1) if code in A_DAY else timedelta(minutes=1))


def test_what_broke_on_their_side_leaves_a_write_unknown_and_nothing_else() -> None:
    known = refusal(answer("internal_error", effect=Effect.ONCE))
    assert known is not None
    assert known[0] is OutcomeUnknown
    assert set(ALWAYS) <= set(MEANINGS)
    assert refusal(answer("something_new")) is None, "its status must do"
    assert refusal(answer("ok")) is None


@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize("code", ["invalid_params", "spam_risk_too_many_posts", "spam_risk_user_banned_from_posting"])
@pytest.mark.asyncio
async def test_a_refusal_means_the_same_under_every_status(
    tiktok_world: WorldOf, tmp_path: Path, code: str, status: int
) -> None:
    world = tiktok_world()
    file = tmp_path / "clip.mp4"
    file.write_bytes(MP4)
    async with world.adapter() as adapter:
        world.server.refuse(code, path="/video/init/", status=status)
        media = Media(path=str(file), media_type="video/mp4", alt="a lamp")
        with pytest.raises(ALWAYS[code]) as caught:
            await adapter.publish(Intent(adapter, Post(text="hi", media=(media,))).next_try())
        if code in A_DAY:
            assert isinstance(caught.value, RateLimited)
            assert caught.value.retry_after == timedelta(days=1)
    renewed = [one for one in world.proxy.requests() if one.path == "/v2/oauth/token/"]
    assert len(renewed) == 1, "what lies not in the token spends no other"
    assert await world.published() == []


def test_answers_of_any_shape_end_as_errors_that_are_known() -> None:
    dice = random.Random(7)  # noqa: S311 - a test's dice
    values = [None, 1, -1, 2**70, "x", "", [], {}, [1], {"code": 1}, True, 1.5, "\ud800"]
    for _ in range(2000):
        read = {name: dice.choice(values) for name in ("data", "error", "error_description") if dice.random() < 0.7}
        said = Answer(status=400, headers={}, body=json.dumps(read).encode(), effect=Effect.REPEATABLE)
        refusal(said)
        wait(said)
    assert refusal(Answer(status=400, headers={}, body=b"[" * 100_000, effect=Effect.REPEATABLE)) is None
    assert STATUSES.decode(b'{"data": {"status": "NEW", "publicaly_available_post_id": ["<b>"]}}').data.post == ""
    strange = b'{"data": {"videos": [1, {"id": "1/../"}, {"id": "a b"}, {"id": "7", "create_time": 5}]}}'
    assert [video.id for video in LISTS.decode(strange).posts] == ["1/../", "7"]
