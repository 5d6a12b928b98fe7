from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.remembering import Recent


@given(st.integers(min_value=1, max_value=5), st.lists(st.integers(min_value=0, max_value=9)))
def test_the_last_keys_that_were_set_are_known_and_no_others(most: int, keys: list[int]) -> None:
    recent = Recent[int, int](most)
    for moment, key in enumerate(keys):
        recent[key] = moment
    latest = {key: moment for moment, key in enumerate(keys)}
    expected = sorted(latest.items(), key=lambda one: one[1])[-most:]
    assert list(recent.items()) == expected
