"""The cells of many rows as text at once; `workbook_cells` says what each means, and reads those that are unusual."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headway.intake.formats.workbook_cells import (
    DAY,
    EPOCH_1900,
    EPOCH_1904,
    FIRST_SURE_DAY,
    LARGEST_WHOLE,
    LAST_DAY,
    LAST_DAY_1904,
    CellTexts,
    is_long,
    token_text,
)
from headway.intake.formats.workbook_formats import Kind
from headway.intake.text_rules import Flags, Positions

_UNIX_EPOCH = 719_163
"""1 January 1970, counted as `datetime.date.toordinal` does."""

_DAY_SECONDS = 86_400


def numbers(texts: CellTexts, tokens: pa.StringArray) -> pa.StringArray:
    """Return the texts of plain numbers, as `CellTexts.number` does for one."""
    values = _floats(tokens)
    if values is None:
        return _one_by_one(texts, tokens)
    floats = values.to_numpy()
    has_point = floats != np.floor(floats)
    is_whole: Flags = ~has_point & (np.abs(floats) < LARGEST_WHOLE)
    shortest = pc.cast(values.filter(pa.array(has_point)), pa.string())
    # Arrow and Python find the same shortest digits; only what they write with an exponent or a name may differ.
    agreed = ~pc.match_substring_regex(shortest, "[a-z]").to_numpy(zero_copy_only=False)
    plain = shortest.filter(pa.array(agreed))
    is_plain = has_point.copy()
    is_plain[has_point] = agreed
    whole = pc.cast(pa.array(floats[is_whole].astype(np.int64)), pa.string())
    is_odd = ~(is_whole | is_plain)
    odd = _one_by_one(texts, tokens.filter(pa.array(is_odd)))
    return together([(is_whole, whole), (is_plain, plain), (is_odd, odd)])


def serials(texts: CellTexts, tokens: pa.StringArray, kind: Kind, columns: Positions) -> pa.StringArray:
    """Return the texts of numbers with a format of this kind, as `CellTexts.serial` does for one in its column."""
    values = _floats(tokens)
    floats = values.to_numpy() if values is not None else np.full(len(tokens), np.nan)
    with np.errstate(invalid="ignore"):
        sure = np.abs(floats) <= LAST_DAY
    milliseconds = np.rint(np.where(sure, floats, 0) * DAY).astype(np.int64)
    days, rest = np.divmod(milliseconds, DAY)
    if kind is Kind.TIME:
        sure &= (days == 0) & (floats >= 0) & (rest % 1000 == 0)
        times = pc.cast(pa.array((rest[sure] // 1000).astype(np.int32)).cast(pa.time32("s")), pa.string())
        return together([(sure, times), (~sure, _serials_one_by_one(texts, tokens, kind, columns, ~sure))])
    first, last, epoch = (0, LAST_DAY_1904, EPOCH_1904) if texts.starts_1904 else (FIRST_SURE_DAY, LAST_DAY, EPOCH_1900)
    sure &= (days >= first) & (days <= last) & (rest % 1000 == 0) & (kind is not Kind.DURATION)
    is_date = sure & (rest == 0) & (kind is Kind.DATE)
    texts.dates.update(np.unique(columns[is_date]).tolist())
    texts.moments.update(np.unique(columns[sure & ~is_date]).tolist())
    is_short = is_date & ~np.isin(columns, list(texts.with_time))
    is_long = sure & ~is_short
    calendar = days + (epoch - _UNIX_EPOCH)
    dates = pc.cast(pa.array(calendar[is_short].astype(np.int32)).cast(pa.date32()), pa.string())
    seconds = calendar[is_long] * _DAY_SECONDS + rest[is_long] // 1000
    moments = pc.cast(pa.array(seconds).cast(pa.timestamp("s")), pa.string())
    others = _serials_one_by_one(texts, tokens, kind, columns, ~sure)
    return together([(is_short, dates), (is_long, moments), (~sure, others)])


def together(parts: list[tuple[Flags, pa.StringArray]]) -> pa.StringArray:
    """Return one array in order of the cells; the flags of the parts say whose texts they have, each cell in one."""
    filled = [(flags, array) for flags, array in parts if len(array)]
    if len(filled) <= 1:
        return filled[0][1] if filled else pa.array([], pa.string())
    place = np.empty(len(filled[0][0]), np.int64)
    begin = 0
    for flags, array in filled:
        place[flags] = np.arange(begin, begin + len(array))
        begin += len(array)
    return pa.concat_arrays([array for _, array in filled]).take(pa.array(place))


def _floats(tokens: pa.StringArray) -> pa.DoubleArray | None:
    """Return the tokens as floats; None if one of them is none."""
    try:
        return pc.cast(tokens, pa.float64())
    except pa.ArrowInvalid:
        return None


def _one_by_one(texts: CellTexts, tokens: pa.StringArray) -> pa.StringArray:
    """Return the texts of numbers; the same one is read once, and counted as often as it is there."""
    known = tokens.dictionary_encode()
    times = np.bincount(known.indices.to_numpy(), minlength=len(known.dictionary))
    found = [token_text(token.strip()) for token in known.dictionary.to_pylist()]
    texts.long_numbers += int(times[[is_long(text) for text in found]].sum())
    return pa.array(found, pa.string()).take(known.indices)


def _serials_one_by_one(
    texts: CellTexts, tokens: pa.StringArray, kind: Kind, columns: Positions, chosen: Flags
) -> pa.StringArray:
    pairs = zip(tokens.filter(pa.array(chosen)).to_pylist(), columns[chosen].tolist(), strict=True)
    return pa.array([texts.serial_of(token, kind, column) for token, column in pairs], pa.string())
