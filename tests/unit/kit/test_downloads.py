"""Files as answers: ranges as RFC 9110 has them, and names that say in a header what they say on a page."""

from __future__ import annotations

import pytest

from headway.kit.downloads import RangeNotSatisfiable, asked_range, attachment


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 3)),
        ("BYTES=7-", (7, 3)),
        ("bytes=5-99", (5, 5)),
        ("bytes=-3", (7, 3)),
        ("bytes=-99", (0, 10)),
        # What is not understood is answered with the whole.
        ("bytes=4-2", None),
        ("bytes=0-1,4-5", None),
        ("lines=1-2", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, part: tuple[int, int] | None) -> None:
    assert asked_range(header, 10) == part


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_bytes_that_are_not_there(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        asked_range(header, size)
    assert caught.value.data == {"size_bytes": size}


def test_a_name_is_safe_in_both_of_its_forms() -> None:
    said = attachment('Bericht "März"\r\nX-Evil: 1.csv')["Content-Disposition"]
    assert said.isascii()
    assert "\r" not in said
    assert "\n" not in said
    assert said.startswith('attachment; filename="Bericht _M_rz___X-Evil_ 1.csv"; filename*=UTF-8')
    assert said.endswith("Bericht%20%22M%C3%A4rz%22%0D%0AX-Evil%3A%201.csv")
