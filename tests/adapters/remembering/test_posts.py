import msgspec
import pytest

from greenroom_adapters.remembering import Checkpoint, Prepared


class Plan(Prepared, frozen=True, kw_only=True):
    name: str


class Progress(Checkpoint, frozen=True, kw_only=True):
    pieces: int = 0


def test_what_is_fixed_of_a_post_is_read_as_it_was_stored() -> None:
    assert Plan.read(Plan(name="mørk").stored()) == Plan(name="mørk")


def test_a_checkpoint_is_read_as_it_was_stored_and_before_the_first_there_is_none() -> None:
    assert Progress.read(Progress(pieces=3).stored()) == Progress(pieces=3)
    assert Progress.read(None) is None


def test_what_an_older_version_stored_is_read_and_what_it_did_not_know_is_as_usual() -> None:
    assert Progress.read(b"{}") == Progress()
    with pytest.raises(msgspec.ValidationError):
        Plan.read(b"{}")
