"""What can go wrong with a dataset and with a question about its rows."""

from __future__ import annotations

from headway.errors import Conflict, Invalid, NotFound, Unavailable


class DatasetNotFound(NotFound):
    code = "dataset.not_found"
    title = "There is no such dataset"
    user_action = "Look in the list of your datasets. It may have been deleted."


class VersionNotFound(NotFound):
    code = "dataset.version_not_found"
    title = "The dataset has no such version"
    user_action = "Look in the list of its versions. Old ones are deleted once there are too many."


class VersionInUse(Conflict):
    code = "dataset.version_in_use"
    title = "This version is the present one"
    user_action = "Restore another version first, or delete the whole dataset."


class UnknownColumn(Invalid):
    code = "rows.unknown_column"
    title = "The dataset has no such column"
    user_action = "Use a column name exactly as the dataset lists it."


class BadFilter(Invalid):
    code = "rows.bad_filter"
    title = "The filter cannot be applied"
    user_action = "Write filters as column:operator:value, with a value that fits the column's type."


class RowsTooSlow(Unavailable):
    code = "rows.too_slow"
    title = "The rows could not be found in time"
    user_action = "Narrow the question: fewer filters, no search over all columns, or an earlier page."
