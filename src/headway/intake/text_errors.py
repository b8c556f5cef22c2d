"""What can be wrong with a text table, each in a sentence that names the place and the remedy."""

from __future__ import annotations

from headway.errors import AppError, Invalid, TooLarge


class EncodingUnknown(Invalid):
    code = "encoding.unknown"
    title = "The characters of the file could not be read"
    user_action = "Save the file as UTF-8 and upload it again, or name its encoding in the import options."


class EncodingMismatch(Invalid):
    code = "encoding.mismatch"
    title = "The file is not in the encoding that was named"
    user_action = "Leave the encoding out to have it detected, or name the one that the file was saved in."


class LineTooLong(TooLarge):
    code = "csv.line_too_long"
    title = "A line of the file is too long to be a row"
    user_action = "Check that the file is a table with one row a line, and that every quotation mark is closed."


class BadRow(Invalid):
    code = "csv.bad_row"
    title = "A row does not fit the table"
    user_action = "Correct the row that is named, or let the import keep rows that do not fit apart, and upload again."


class TooManyBadRows(Invalid):
    code = "csv.too_many_bad_rows"
    title = "Too many rows do not fit the table"
    user_action = "Correct the rows that are named, or choose the delimiter in the import options, and upload again."


class RecordsDoNotAddUp(AppError):
    code = "csv.records_do_not_add_up"
    title = "Rows would have been lost, so nothing was imported"
    user_action = "Upload the file again as XLSX or Parquet, and give the support id to whoever runs this service."


class MarksAlike(Invalid):
    code = "csv.marks_alike"
    title = "One sign cannot both separate cells and stand around them"
    user_action = "Choose another separator or quotation mark, or leave both out to have them found out."


class TooManyColumns(TooLarge):
    code = "table.too_many_columns"
    title = "The table has too many columns"
    user_action = "Split the table, or turn it so that what is in columns becomes rows."


class TooManyTables(TooLarge):
    code = "table.too_many_tables"
    title = "The file holds too many tables for one import"
    user_action = "Name the ones to import in the options, or split the file."


class NamesTooLong(TooLarge):
    code = "table.names_too_long"
    title = "The names of the columns are too long"
    user_action = "Check that the first row holds names, or say in the import options that the table has no header."


class TypeDoesNotFit(Invalid):
    code = "table.type_does_not_fit"
    title = "A column cannot have the type that was asked for"
    user_action = "Choose another type for the column, or text, which keeps everything."
