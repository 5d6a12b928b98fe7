"""A value that is made quickly is the frozen dataclass that it was."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from greenroom_adapters.contract import Author, Post, PostRef, Trust
from greenroom_adapters.contract.values import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """As dataclasses make it."""

    name: str
    size: int = 3
    inside: tuple[int, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same, made quickly."""

    name: str
    size: int = 3
    inside: tuple[int, ...] = ()


def test_it_has_the_fields_defaults_and_words_of_the_usual_one() -> None:
    quick, usual = Quick(name="a", size=7), Usual(name="a", size=7)
    assert (quick.name, quick.size, quick.inside) == ("a", 7, ())
    assert repr(quick) == repr(usual).replace("Usual", "Quick")
    assert inspect.signature(Quick) == inspect.signature(Usual)
    assert type(quick) is Quick


def test_it_is_equal_by_value_and_has_a_hash() -> None:
    assert Quick(name="a") == Quick(name="a", size=3)
    assert Quick(name="a") != Quick(name="b")
    assert len({Quick(name="a"), Quick(name="a")}) == 1


@pytest.mark.parametrize("made", [Quick(name="a"), replace(Quick(name="b"), name="a"), copy.copy(Quick(name="a"))])
def test_nothing_can_be_set_or_deleted(made: Quick) -> None:
    with pytest.raises(FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # what is tested
    with pytest.raises(FrozenInstanceError):
        del made.name
    with pytest.raises(AttributeError):
        object.__setattr__(made, "other", 1)
    assert made.name == "a"


def test_a_wrong_call_fails_as_usual() -> None:
    with pytest.raises(TypeError, match="name"):
        Quick()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # what is tested
    with pytest.raises(TypeError, match="nane"):
        Quick(nane="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # what is tested


def test_values_of_the_contract_survive_pickling() -> None:
    post = Post(text="hi", in_reply_to=PostRef(id="1"))
    assert pickle.loads(pickle.dumps(post)) == post  # noqa: S301 - our own
    assert replace(Author(id="1", handle="iris"), trust=Trust.OWNER).trust is Trust.OWNER


class Open(Quick):
    """A subclass with more than slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Larger(Quick):
    """A subclass with a field of its own."""

    more: int


def test_a_subclass_stays_what_it_is() -> None:
    assert type(Open(name="a")) is Open
    assert Open(name="a").size == 3
    larger = Larger(name="a", more=1)
    assert (type(larger), larger.more, larger.size) == (Larger, 1, 3)
    with pytest.raises(FrozenInstanceError):
        larger.more = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # what is tested


def test_what_is_not_plain_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Positional:
        name: str

    with pytest.raises(TypeError, match=r"Positional\.name"):
        quickly_made(Positional)
