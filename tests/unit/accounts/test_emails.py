"""One account has one spelling of its e-mail."""

from __future__ import annotations

import unicodedata

import pytest

from headway.accounts.emails import check_email
from headway.accounts.errors import InvalidEmail


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("  ada@example.org\n", "ada@example.org"),
        ("admin@localhost", "admin@localhost"),
        (unicodedata.normalize("NFD", "JOSÉ@example.org"), "josé@example.org"),
        ("a@b@example.org", "a@b@example.org"),
    ],
)
def test_spellings_of_one_address_are_one(written: str, normal: str) -> None:
    assert check_email(written) == normal


@pytest.mark.parametrize("written", ["İ@example.org", "ẞtraße@example.org", "Å@example.org"])
def test_normalising_twice_changes_nothing(written: str) -> None:
    assert check_email(check_email(written)) == check_email(written)


@pytest.mark.parametrize(
    "written",
    ["", "@", "ada", "ada@", "@example.org", "a da@example.org", "a\0@example.org", "a\u200b@example.org",
     "a\ud800@example.org", "a@" + "x" * 260],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(InvalidEmail):
        check_email(written)
