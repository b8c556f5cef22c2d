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


class DatasetMoved(Conflict):
    """Somebody else was faster: the change was prepared for a version that the dataset does not show any more."""

    code = "dataset.moved"
    title = "The dataset has changed in the meantime"
    user_action = "Start the change again, so that it is prepared for what the dataset shows now."


class MadeByRecipe(Conflict):
    code = "dataset.made_by_recipe"
    title = "A recipe made this version, and its files do not say it all"
    user_action = "Restore the version before the recipe, read that one otherwise, and run the recipe again."


class ChangeNotFound(NotFound):
    code = "change.not_found"
    title = "There is no such change of the dataset"
    user_action = "Look in the list of the dataset's changes."


class ChangeNotPending(Conflict):
    code = "change.not_pending"
    title = "The change does not wait for a decision"
    user_action = "Wait until its job has prepared it, or start it again if it was discarded or has expired."


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
