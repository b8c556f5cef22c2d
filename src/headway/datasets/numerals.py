"""How numbers are written: with which decimal mark and which thousands mark, named by an example such as `1.234,5`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Numeral:
    """Marks of a numeral. The plain numeral has a point and no thousands mark."""

    decimal: str = "."
    thousands: str = ""

    @property
    def text(self) -> str:
        """Return the example that names it."""
        return f"1{self.thousands}234{self.decimal}5"

    def pattern(self, *, whole: bool) -> str:
        plain = "0|[1-9][0-9]*"
        grouped = f"|[1-9][0-9]{{0,2}}(?:{re.escape(self.thousands)}[0-9]{{3}})+" if self.thousands else ""
        return f"-?(?:{plain}{grouped})" + ("" if whole else f"(?:{re.escape(self.decimal)}[0-9]+)?")

    def plain(self, texts: pa.Array) -> pa.Array:
        """Return numbers written so in digits, with a point."""
        if self.thousands:
            texts = pc.replace_substring(texts, self.thousands, "")
        return texts if self.decimal == "." else pc.replace_substring(texts, self.decimal, ".")

    def written(self, plain: pa.Array) -> pa.Array:
        """Return digits with a point as this numeral writes them."""
        if self.thousands:
            plain = self._grouped(plain)
        elif self.decimal != ".":
            plain = pc.replace_substring(plain, ".", self.decimal)
        return plain

    def _grouped(self, plain: pa.Array) -> pa.Array:
        if not len(plain) or plain.null_count == len(plain):
            return plain
        point = pc.find_substring(plain, ".")
        negative = pc.starts_with(plain, "-")
        bare = pc.utf8_ltrim(plain, "-")
        whole = pc.replace_substring_regex(bare, r"\..*$", "")
        fraction = pc.replace_substring_regex(bare, r"^[^.]*\.?", "")
        size = -(-pc.max(pc.binary_length(whole)).as_py() // 3) * 3
        padded = pc.ascii_lpad(whole, size, " ")
        threes = [pc.utf8_slice_codeunits(padded, at, at + 3) for at in range(0, size, 3)]
        grouped = pc.utf8_ltrim(pc.binary_join_element_wise(*threes, self.thousands), " " + self.thousands)
        whole = pc.binary_join_element_wise(pc.if_else(negative, "-", ""), grouped, "")
        both = pc.binary_join_element_wise(whole, fraction, self.decimal)
        return pc.if_else(pc.less(point, 0), whole, both)


PLAIN = Numeral()


@cache
def numeral(text: str | None) -> Numeral:
    """Return the numeral that an example names."""
    match = re.fullmatch(r"1(\D?)234(?:(\D)5)?", text or "1234.5")
    return Numeral(match[2] or ".", match[1]) if match else PLAIN
