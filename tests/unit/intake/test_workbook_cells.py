"""Numbers, dates and lengths of time: what the cell of a workbook says, in one spelling."""

from __future__ import annotations

import pytest

from headway.intake.formats.workbook_cells import CellTexts, duration_text, number_text, token_text
from headway.intake.formats.workbook_formats import Kind, kind_of_code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e15, "1000000000000000"),
        (1.25e19, "12500000000000000000"),
        (1e-7, "0.0000001"),
        (1e-20, "1e-20"),
        (1e300, "1e+300"),
        (-2.5, "-2.5"),
    ],
)
def test_numbers_are_written_with_their_shortest_digits(value: float, text: str) -> None:
    assert number_text(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (26 * 3_600_000, "26:00:00"),
        (-60_000, "-00:01:00"),
        (1_500, "00:00:01.5"),
    ],
)
def test_durations_may_be_longer_than_a_day(value: int, text: str) -> None:
    assert duration_text(value) == text


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("12345678901234567890", "12345678901234567890"),
        ("1.1000000000000001", "1.1"),
        ("1.2345678901234568E+16", "12345678901234568"),
        ("007", "7"),
        ("-0", "0"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("x", "x"),
    ],
)
def test_the_digits_that_a_program_wrote_are_kept(token: str, text: str) -> None:
    assert token_text(token) == text


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", None),
        ("0.00", None),
        ('0 "days"', None),
        ("#,##0.00 [$€-407];[RED]-#,##0.00", None),
        ("0.00E+00", None),
        ("@", None),
        ("dd/mm/yyyy", Kind.DATE),
        ("[$-409]mmmm d\\, yyyy;@", Kind.DATE),
        ("mmm", Kind.DATE),
        ("yyyy-mm-dd hh:mm:ss.000", Kind.MOMENT),
        ("m/d/yy h:mm AM/PM", Kind.MOMENT),
        ("h:mm AM/PM", Kind.TIME),
        ("mm:ss.0", Kind.TIME),
        ("[h]:mm:ss", Kind.DURATION),
        ("[mm]:ss", Kind.DURATION),
        ('[$-411]ge"年"m"月"d"日"', Kind.DATE),
    ],
)
def test_a_format_code_says_what_a_number_means(code: str, kind: Kind | None) -> None:
    assert kind_of_code(code) is kind


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1, Kind.DATE, "1900-01-01"),
        (59, Kind.DATE, "1900-02-28"),
        (60, Kind.DATE, "60"),
        (61, Kind.DATE, "1900-03-01"),
        (0, Kind.DATE, "0"),
        (-1, Kind.DATE, "-1"),
        (2958465, Kind.DATE, "9999-12-31"),
        (2958466, Kind.DATE, "2958466"),
        (45000.5, Kind.DATE, "2023-03-15 12:00:00"),
        (45000, Kind.MOMENT, "2023-03-15 00:00:00"),
        (45000.123456789, Kind.MOMENT, "2023-03-15 02:57:46.667"),
        (0.999999999, Kind.TIME, "24:00:00"),
        (0.5, Kind.TIME, "12:00:00"),
        (1.5, Kind.TIME, "36:00:00"),
        (-0.25, Kind.DURATION, "-06:00:00"),
        (1e300, Kind.DATE, "1e+300"),
        (float("inf"), Kind.DATE, "inf"),
    ],
)
def test_a_number_becomes_the_date_that_its_format_shows(value: float, kind: Kind, text: str) -> None:
    assert CellTexts().serial(value, kind, 0) == text


def test_the_epoch_of_old_macs() -> None:
    texts = CellTexts(starts_1904=True)
    assert [texts.serial(value, Kind.DATE, 0) for value in (0, 1, 60, -1)] == [
        "1904-01-01",
        "1904-01-02",
        "1904-03-01",
        "-1",
    ]
    assert texts.odd_dates == 1
