"""What can go wrong with an export, in words for who asked for it."""

from __future__ import annotations

from headway.errors import Invalid, TooLarge


class NotEncodable(Invalid):
    """`character` is the first one, `encoding` what has no place for it."""

    code = "export.not_encodable"
    title = "The encoding has no place for a character of the dataset"
    user_action = "Choose UTF-8, which has every character, or have such characters replaced by question marks."


class ExportTooLarge(TooLarge):
    code = "export.too_large"
    title = "The file would be larger than a job may keep"
    user_action = "Export fewer columns or rows, or choose Parquet, which is the smallest format."


class TooManyColumns(Invalid):
    code = "export.too_many_columns"
    title = "A sheet of a workbook cannot have so many columns"
    user_action = "Choose the columns that you need, or another format."
