"""Elsewhere than on this machine alone, figures and needs take a password, which is made and told once."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import Observed

from greenroom.observation.password import password_for
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.webhooks import Password, is_loopback

EVERYWHERE = "0.0.0.0:0"


def basic(words: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{words}".encode()).decode()


@pytest.mark.asyncio
async def test_the_password_is_told_once_and_only_its_digest_is_kept(observed: Observed) -> None:
    await observed.start()
    async with observed.listening_on(EVERYWHERE) as first:
        first.show(observed.trial.bot)
        words = first.new_password
        assert words is not None
        for path in ("/health", "/metrics"):
            assert (await observed.ask(path, of=first))[0] == 401
            assert (await observed.ask(path, of=first, Authorization=basic("wrong")))[0] == 401
            assert (await observed.ask(path, of=first, Authorization=basic(words)))[0] == 200
        assert (await observed.ask("/health", of=first, Authorization=f"Bearer {words}"))[0] == 200
        assert await observed.ask("/live", of=first) == (200, "alive\n")
        assert await observed.ask("/ready", of=first) == (200, "ready\n")
        assert words not in first.password_file.read_text(encoding="ascii")
    async with observed.listening_on(EVERYWHERE) as again:
        again.show(observed.trial.bot)
        assert again.new_password is None
        assert (await observed.ask("/health", of=again, Authorization=basic(words)))[0] == 200
        again.password_file.unlink()
    async with observed.listening_on(EVERYWHERE) as anew:
        assert anew.new_password not in (None, words)


@pytest.mark.asyncio
async def test_on_this_machine_alone_there_is_none(observed: Observed) -> None:
    await observed.start()
    assert observed.observation.new_password is None
    assert not observed.observation.password_file.exists()
    assert (await observed.ask("/health"))[0] == 200


def test_one_from_the_environment_is_used_and_never_written_down(tmp_path: Path) -> None:
    path = tmp_path / "observe" / "password"
    password, new = password_for(path, {"GREENROOM_OBSERVE_PASSWORD": "a sentence of its own"})
    assert new is None
    assert password.fits(basic("a sentence of its own"))
    assert not path.exists()
    with pytest.raises(ConfigurationError, match="16 or more"):
        password_for(path, {"GREENROOM_OBSERVE_PASSWORD": "short"})


@given(header=st.text(st.characters(), max_size=60))
def test_no_other_header_fits_and_none_breaks_it(header: str) -> None:
    password = Password("0" * 64)
    assert not password.fits(header)
    assert not password.fits(f"Basic {header}")
    assert not password.fits(f"Bearer {header}")


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "::", "192.168.0.7", "localhost.evil.example")],  # noqa: S104
    ],
)
def test_what_this_machine_alone_reaches(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
