"""What can be wrong in a file: every failure of the parse, in words for the person who uploaded it."""

from __future__ import annotations

from headway.errors import AppError, InsufficientStorage, Invalid, TooLarge, UnsupportedMedia

# ------------------------------------------------------------------------------------------------ format


class FormatUnsupported(UnsupportedMedia):
    code = "format.unsupported"
    title = "This kind of file cannot be imported"
    user_action = "Save it as CSV, XLSX, JSON or Parquet and upload that."


class FormatEmpty(Invalid):
    code = "format.empty"
    title = "The file is empty"
    user_action = "Check that the export that wrote the file had finished, then upload it again."


class FormatBlank(FormatEmpty):
    code = "format.blank"
    title = "The file holds nothing but blanks"
    user_action = "Check what wrote the file; upload it again once it holds a table."


class FormatPicture(FormatUnsupported):
    code = "format.picture"
    title = "The file is a picture, not a table"
    user_action = "Upload the table that the picture was made from; text in pictures is not read."


class FormatMedia(FormatUnsupported):
    code = "format.media"
    title = "The file is a sound or a film, not a table"
    user_action = "Upload the table itself, as CSV, XLSX, JSON or Parquet."


class FormatPdf(FormatUnsupported):
    code = "format.pdf"
    title = "The file is a PDF document, not a table"
    user_action = "Upload the table that the PDF was made from; tables in PDF documents are not read."


class FormatHtml(FormatUnsupported):
    code = "format.html"
    title = "The file is a web page, whatever its name says"
    user_action = (
        "Often this is a login page or an error message that was saved instead of the export: open the file and look. "
        "If it shows the table, save it as XLSX from your spreadsheet program."
    )


class FormatDocument(FormatUnsupported):
    code = "format.document"
    title = "The file is a document, not a table"
    user_action = "Copy the table into a spreadsheet, save it as XLSX or CSV, and upload that."


class FormatIwork(FormatUnsupported):
    code = "format.iwork"
    title = "The file is a document of Numbers, Pages or Keynote"
    user_action = "Export it from there as Excel (XLSX) or CSV, and upload that."


class FormatEmail(FormatUnsupported):
    code = "format.email"
    title = "The file is an e-mail, not a table"
    user_action = "Save the attachment that holds the table, and upload that."


class FormatDatabase(FormatUnsupported):
    code = "format.database"
    title = "The file is a database"
    user_action = "Export each table as CSV or Parquet, and upload those."


class FormatStatistics(FormatUnsupported):
    code = "format.statistics"
    title = "The file belongs to a statistics program"
    user_action = "Export it from there as CSV, XLSX or Parquet, and upload that."


class FormatSpreadsheetXml(FormatUnsupported):
    code = "format.spreadsheet_xml"
    title = "The file is a workbook in the XML format of Excel 2003"
    user_action = "Open it in your spreadsheet program, save it as an Excel workbook (XLSX), and upload that."


class FormatAvro(FormatUnsupported):
    code = "format.avro"
    title = "The file is an Avro file, which is not read here"
    user_action = "Write the same rows as Parquet, which keeps their types, or as JSON lines, and upload that."


class FormatOrc(FormatUnsupported):
    code = "format.orc"
    title = "The file is an ORC file, which is not read here"
    user_action = "Write the same table as Parquet, which keeps its types and its compression, and upload that."


class FormatScience(FormatUnsupported):
    code = "format.not_read_here"
    title = "The file is in a data format that is not read here"
    user_action = "Write the data as Parquet or Arrow, which keep its types, and upload that."


class FormatProgram(FormatUnsupported):
    code = "format.program"
    title = "The file is a program, not a table"
    user_action = "Upload the table itself, as CSV, XLSX, JSON or Parquet."


class FormatArchive(FormatUnsupported):
    code = "format.archive"
    title = "This kind of archive cannot be unpacked here"
    user_action = "Unpack it and upload what is inside, or pack it as ZIP."


class NotATable(Invalid):
    code = "format.not_a_table"
    title = "The file is not text and not a format that is known here"
    user_action = "Open it in the program that made it, save it as CSV, XLSX, JSON or Parquet, and upload that."


# ----------------------------------------------------------------------------------------------- archive


class ArchiveTruncated(Invalid):
    code = "archive.truncated"
    title = "The compressed file is incomplete"
    user_action = "Copy or download the file again from where it came from, then upload it again."


class ArchiveCorrupt(Invalid):
    code = "archive.corrupt"
    title = "The compressed file is damaged"
    user_action = "Compress the original again, or upload it uncompressed."


class ArchiveTrailing(Invalid):
    code = "archive.trailing"
    title = "Something follows after the end of the compressed content"
    user_action = "Compress the original again, or cut off what was appended to the file."


class ArchiveBomb(TooLarge):
    code = "archive.bomb"
    title = "The file unpacks to far more than its size suggests"
    user_action = "If the content is really so uniform, upload it uncompressed."


class ArchiveNested(UnsupportedMedia):
    code = "archive.nested"
    title = "The file is compressed more than once"
    user_action = "Unpack the outer layer and upload what is inside."


class ArchiveEncrypted(Invalid):
    code = "archive.encrypted"
    title = "The archive is protected with a password"
    user_action = "Unpack it with its password, and upload what is inside, or pack it again without one."


class ArchiveMethod(UnsupportedMedia):
    code = "archive.method"
    title = "The archive is packed in a way that is not read here"
    user_action = "Unpack it and pack it again as an ordinary ZIP, or upload what is inside."


class ArchiveTooManyMembers(TooLarge):
    code = "archive.too_many_members"
    title = "The archive holds too many files"
    user_action = "Pack fewer files together, or join those that belong to one table."


class ArchiveNoTable(Invalid):
    code = "archive.no_table"
    title = "There is no table in the archive"
    user_action = "Pack a CSV, XLSX, JSON or Parquet file into it, or upload that file itself."


class ArchiveTablesDiffer(Invalid):
    code = "archive.tables_differ"
    title = "The files in the archive are not parts of one table"
    user_action = "Choose the files that belong together with members, or import each as a dataset with parts: all."


class MemberNotFound(Invalid):
    code = "archive.member_not_found"
    title = "The archive has no file of that name"
    user_action = "Choose one of the files that are named here."


# ------------------------------------------------------------------------------------------------- sheet


class SheetPasswordProtected(Invalid):
    code = "sheet.password_protected"
    title = "The workbook is password-protected"
    user_action = "Open it with its password, save a copy without one, and upload the copy."


class SheetUnreadable(Invalid):
    code = "sheet.unreadable"
    title = "The workbook is damaged"
    user_action = "Open it in your spreadsheet program, save it again as XLSX, and upload that."


class SheetGridTooLarge(TooLarge):
    code = "sheet.grid_too_large"
    title = "The sheet spans too many rows and columns"
    user_action = "Delete stray cells far from the table, or save the sheet as CSV and upload that."


class SheetNotFound(Invalid):
    code = "sheet.not_found"
    title = "The workbook has no sheet of that name"
    user_action = "Choose one of the sheets that are named here."


class SheetEmpty(Invalid):
    code = "sheet.empty"
    title = "There is nothing in the sheet"
    user_action = "Choose another sheet, or check that the workbook was saved with its content."


class SheetNotATable(Invalid):
    code = "sheet.not_a_table"
    title = "The workbook holds no sheet of cells"
    user_action = "Save the workbook with its data on an ordinary sheet, and upload that."


# -------------------------------------------------------------------------------------------------- json


class JsonMalformed(Invalid):
    code = "json.malformed"
    title = "The file is not valid JSON"
    user_action = "Correct the place that is named here, or export the file again."


class JsonTruncated(Invalid):
    code = "json.truncated"
    title = "The JSON ends in the middle"
    user_action = "Check that the export that wrote the file had finished, then upload it again."


class JsonTrailing(Invalid):
    code = "json.trailing"
    title = "Something follows after the end of the JSON"
    user_action = "Remove what follows, or write one object on each line."


class JsonDuplicateKey(Invalid):
    code = "json.duplicate_key"
    title = "An object names the same key twice"
    user_action = "Rename one of the keys; otherwise one of the two values would be lost."


class JsonNotANumber(Invalid):
    code = "json.not_a_number"
    title = "The JSON holds NaN or Infinity"
    user_action = "Write null, or a text in quotes, where there is no number; JSON knows neither NaN nor Infinity."


class JsonPathNotFound(Invalid):
    code = "json.path_not_found"
    title = "The JSON has no list of rows at that path"
    user_action = "Choose one of the lists that are named here, or leave json_path out."


class JsonTooDeep(Invalid):
    code = "json.too_deep"
    title = "The JSON is nested too deeply"
    user_action = "Write the rows flatter: an array of objects."


class JsonBadText(Invalid):
    code = "json.bad_text"
    title = "The JSON holds text that is not valid Unicode"
    user_action = "Export the file again as UTF-8."


class JsonRowTooLarge(TooLarge):
    code = "json.row_too_large"
    title = "One row of the JSON is too large"
    user_action = "Write one object for each row, so that no single one is so large."


# ---------------------------------------------------------------------------------- parquet and arrow


class ParquetUnreadable(Invalid):
    code = "parquet.unreadable"
    title = "The Parquet file is damaged"
    user_action = "Copy or write the file again, then upload it again."


class ParquetEncrypted(Invalid):
    code = "parquet.encrypted"
    title = "The Parquet file is encrypted"
    user_action = "Write it without encryption and upload that."


class ArrowUnreadable(Invalid):
    code = "arrow.unreadable"
    title = "The Arrow file is damaged"
    user_action = "Write the file again, if possible as Parquet, then upload it again."


# ------------------------------------------------------------------------------------------------- limit


class MemoryLimit(TooLarge):
    code = "limit.memory"
    title = "Reading the file needs more memory than one file may use"
    user_action = "Split the file, or save it as CSV or Parquet, which need less memory to read."


class TimeLimit(TooLarge):
    code = "limit.time"
    title = "Reading the file takes longer than one file may take"
    user_action = "Split the file and upload the pieces."


class DiskLimit(InsufficientStorage):
    code = "limit.disk"
    title = "Reading the file needs more room on disk than there is"
    user_action = "Split the file, or ask whoever runs this service for more room."


class SpoolFull(InsufficientStorage):
    """The machine's fault and not the file's, so the job waits for room."""

    code = "spool.no_room"
    title = "The machine that reads files has no room left on its disk"
    user_action = "Ask whoever runs this service for more room; the import goes on by itself once there is some."
    retryable = True


class UnpackedSizeLimit(TooLarge):
    code = "limit.unpacked_size"
    title = "The file is too large once unpacked"
    user_action = "Split the data and upload the pieces."


# ------------------------------------------------------------------------------------------------- parse


class ParseCrashed(AppError):
    code = "parse.crashed"
    title = "Reading the file ended unexpectedly"
    user_action = "Save the file again in another format and upload that. Nothing else is affected."


class ParseProtocol(AppError):
    code = "parse.protocol"
    title = "The program that reads files did not answer as it must"
    user_action = "Save the file again in another format and upload that. Nothing else is affected."


# ------------------------------------------------------------------------------------------------- merge


class MergeKeyMissing(Invalid):
    code = "merge.key_missing"
    title = "A key column is not there on both sides"
    user_action = "Name key columns exactly as both the file and the dataset have them."


class MergeKeyEmpty(Invalid):
    code = "merge.key_empty"
    title = "Some rows have no key"
    user_action = "Fill in the key in every row of the file, or add the file without a key (mode append)."


class MergeKeyRepeated(Invalid):
    code = "merge.key_repeated"
    title = "Some keys stand in more than one row"
    user_action = "Choose key columns that together tell every row from every other, or remove what is repeated."


class MergeManyTables(Invalid):
    code = "merge.many_tables"
    title = "The file does not hold exactly the one table that is needed"
    user_action = "Choose one sheet or member in the options."


class RepairWithoutIds(Invalid):
    code = "repair.no_row_ids"
    title = "The file is not one of corrected rows"
    user_action = "Correct the rows in the file that was downloaded, and leave its first column as it is."


class RepairRowRepeated(Invalid):
    code = "repair.row_repeated"
    title = "A corrected row was sent twice"
    user_action = "Keep one of the rows that carry the same id, and send the file again."
