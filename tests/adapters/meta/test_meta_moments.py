"""Moments as the Graph API writes them; what is none is one error, whatever is wrong with it."""

import pytest

from greenroom_adapters.meta.moments import moment


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+2300", "9999-12-31T23:59:59-0100"])
def test_what_is_no_moment_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        moment(text)
