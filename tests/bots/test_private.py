"""Nothing secret is put where somebody else could put something in its place."""

import os
from pathlib import Path

import pytest

from greenroom.private import write_private
from greenroom_adapters.contract import ConfigurationError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")


only_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives folders away")
SHARED = 65534
"""A group, and a user, that is not ours."""


@pytest.fixture
def above(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777, 0o1775, 0o750])
def test_a_folder_in_which_only_we_can_replace_things_is_taken(above: Path, mode: int) -> None:
    above.chmod(mode)
    write_private(above / "ada.accounts" / "x" / "token", b"one")
    assert (above / "ada.accounts" / "x" / "token").read_bytes() == b"one"


@pytest.mark.parametrize("mode", [0o757, 0o777])
def test_a_folder_in_which_others_can_write_is_not(above: Path, mode: int) -> None:
    above.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"others on this machine can write into {above}.* chmod go-w {above}"):
        write_private(above / "ada.accounts" / "x" / "token", b"one")
    assert not list(above.rglob("*token*"))


@only_root
@pytest.mark.parametrize("mode", [0o775, 0o720])
def test_a_group_of_several_is_others_and_a_users_own_is_not(above: Path, mode: int) -> None:
    above.chmod(mode)
    write_private(above / "ada.accounts" / "x" / "token", b"one")
    os.chown(above, -1, SHARED)
    with pytest.raises(ConfigurationError, match=f"others on this machine can write into {above}"):
        write_private(above / "ada.accounts" / "x" / "token", b"two")
    assert (above / "ada.accounts" / "x" / "token").read_bytes() == b"one"


@only_root
def test_a_volume_that_root_has_given_to_our_own_group_is_taken(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd")
    grp = pytest.importorskip("grp")
    daemon = pwd.getpwnam("daemon")
    if grp.getgrgid(daemon.pw_gid).gr_name != "daemon" or grp.getgrgid(daemon.pw_gid).gr_mem:
        pytest.skip("no user here has a group of his own")
    ours = above / "bot"
    ours.mkdir(mode=0o700)
    os.chown(ours, daemon.pw_uid, daemon.pw_gid)
    os.chown(above, 0, daemon.pw_gid)
    above.chmod(0o2775)
    with monkeypatch.context() as as_daemon:
        as_daemon.setattr(os, "geteuid", lambda: daemon.pw_uid)
        write_private(ours / "token", b"one")
        os.chown(above, 0, SHARED)
        with pytest.raises(ConfigurationError, match=f"others on this machine can write into {above}"):
            write_private(ours / "token", b"two")
    assert (ours / "token").read_bytes() == b"one"


def test_where_a_link_leads_others_cannot_write_either(tmp_path: Path, above: Path) -> None:
    (above / "real").mkdir()
    above.chmod(0o777)
    (tmp_path / "link").symlink_to(above / "real")
    with pytest.raises(ConfigurationError, match=f"others on this machine can write into {above}"):
        write_private(tmp_path / "link" / "x" / "token", b"one")
    assert not list(above.rglob("*token*"))


@only_root
def test_a_folder_of_another_user_is_not_taken_even_where_it_lies_in_a_safe_one(
    above: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above.chmod(0o1777)
    his = above / "ada.accounts"
    his.mkdir()
    os.chown(his, SHARED, SHARED)
    with monkeypatch.context() as as_somebody:
        as_somebody.setattr(os, "geteuid", lambda: SHARED - 1)
        with pytest.raises(ConfigurationError, match="another user's"):
            write_private(his / "x" / "token", b"one")
    assert not list(above.rglob("*token*"))
    # root in a container works in what is mounted into it
    write_private(his / "y" / "token", b"one")
