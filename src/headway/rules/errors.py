"""What can go wrong with rules, in words for who wrote them. `pointer` is the place of the rule in its set."""

from __future__ import annotations

from headway.errors import Conflict, Invalid, NotFound


class RuleSetNotFound(NotFound):
    code = "rule_set.not_found"
    title = "There is no such rule set"
    user_action = "Look in the list of your rule sets. It may have been deleted or renamed."


class RuleSetVersionNotFound(NotFound):
    code = "rule_set.version_not_found"
    title = "The rule set has no such version"
    user_action = "Use its present version. Old ones are deleted once there are too many; reports keep their rules."


class RuleSetNameTaken(Conflict):
    code = "rule_set.name_taken"
    title = "Another rule set of yours has this name"
    user_action = "Choose another name, or change the rule set that has it."


class TooManyRuleSets(Conflict):
    code = "rule_set.too_many"
    title = "There are too many rule sets"
    user_action = "Delete rule sets that you no longer need."


class RulesTooLarge(Invalid):
    code = "rule_set.too_large"
    title = "The rules of the set take too much room"
    user_action = "Write shorter lists of values, or make several rule sets."


class TableSchemaUnusable(Invalid):
    code = "rule_set.table_schema_unusable"
    title = "The Table Schema makes no rule set"
    user_action = "Give fields a type or constraints that Headway checks, 100 at most in all."


class PatternInvalid(Invalid):
    code = "rule.pattern_invalid"
    title = "A pattern is not a regular expression that can be used here"
    user_action = "Write it in the syntax of RE2, which has no look-around and no back references."


class PatternTooCostly(Invalid):
    code = "rule.pattern_too_costly"
    title = "A pattern would cost too much"
    user_action = "Repeat less: at most 1,000 times in all, and wide classes of characters fewer times than that."


class UnknownRuleColumn(Invalid):
    code = "rule.unknown_column"
    title = "A rule names a column that the dataset does not have"
    user_action = "Name columns exactly as the dataset lists them, or leave the rule out."


class RuleCannotRun(Invalid):
    code = "rule.cannot_run"
    title = "A rule cannot be applied to the column that it names"
    user_action = "Change the rule, or the type of the column by reading the file again."


class ReferenceNotFound(NotFound):
    code = "rule.reference_not_found"
    title = "A rule refers to a dataset that is not there"
    user_action = "Choose one of your datasets, and a column that it has."
