"""What can go wrong with a recipe, with the place: which step, counted from 1, and which column."""

from __future__ import annotations

from headway.errors import Conflict, Invalid, NotFound, TooLarge, TooMany


class RecipeNotFound(NotFound):
    code = "recipe.not_found"
    title = "There is no such recipe"
    user_action = "Look in the list of your recipes. It may have been deleted, or have no such version."


class TooManyRecipes(Conflict):
    code = "recipe.too_many"
    title = "You keep as many recipes as can be kept"
    user_action = "Delete recipes that you no longer need, or save this one as a new version of another one."


class RecipeDoesNotFit(Invalid):
    """`step` is the number of the step, `kind` what it is, `column` what it names."""

    code = "recipe.does_not_fit"
    title = "A step of the recipe does not fit the table"
    user_action = "Correct the step that is named, or run the recipe on a dataset that has these columns."


class RecipeWouldEmpty(Invalid):
    """`count` of `of` values become empty; `samples` are some of them, with their rows."""

    code = "recipe.would_empty"
    title = "Values would become empty"
    user_action = "Look at the values named here. Correct the step, or set accept_loss on it to go on all the same."


class RecipeAmbiguousJoin(Invalid):
    code = "recipe.ambiguous_join"
    title = "A key stands in several rows of the joined dataset"
    user_action = (
        "Join by more columns, deduplicate the other dataset, or set several to repeat to have a row for each."
    )


class RecipeCannotCompute(Invalid):
    code = "recipe.cannot_compute"
    title = "A step of the recipe cannot be computed"
    user_action = "Correct the step that is named: a number may be too large, or text may be longer than can be kept."


class RecipeTooWide(TooLarge):
    code = "recipe.too_wide"
    title = "The table would have too many columns"
    user_action = "Select fewer columns before this step."


class RecipePreviewBusy(TooMany):
    code = "recipe.preview_busy"
    title = "Too many recipes are looked at right now"
    user_action = "Try again in some seconds, or run the recipe without looking at it first."
