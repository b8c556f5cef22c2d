"""What a change does, in words for the person who asked for it."""

from __future__ import annotations

from typing import Any

from headway.plurals import counted

DRIFTS = ("added", "removed", "retyped", "renamed")


def is_same(summary: dict[str, Any]) -> bool:
    """Say whether nothing would be different. Columns that a merged file merely lacks are no difference."""
    rows, columns = summary["rows"], summary["columns"]
    if "insert" in rows:
        return not (rows["insert"] or rows["update"] or columns["added"] or columns["retyped"])
    if any(columns.get(kind) for kind in DRIFTS) or rows["before"] != rows["after"]:
        return False
    return not summary["cells"]["changed"]


def said_of(action: str, state: str, summary: dict[str, Any]) -> str:
    """Return the last message of a job that changed a dataset, or prepared that."""
    if "repair" in summary:
        return _repaired(summary["repair"])
    if state == "unchanged":
        return "Nothing is different, so the dataset stays as it is"
    what = _merged(summary["rows"]) if "insert" in summary["rows"] else _replaced(summary)
    return what if state == "applied" else f"Ready to be looked at: {what}"


def decision_of(action: str, file_name: str, summary: dict[str, Any]) -> dict[str, Any]:
    """Return the decision that tells of a file that was merged."""
    what = _repaired(summary["repair"]) if "repair" in summary else _merged(summary["rows"])
    evidence = f"The file {file_name} was merged: {what}."
    return {"subject": "merge", "value": action, "evidence": evidence, "runner_up": None}


def _merged(rows: dict[str, Any]) -> str:
    said = [f"{_rows(rows['insert'])} added"]
    if "cells" in rows:
        said += [f"{rows['update']:,} updated", f"{rows['unchanged']:,} as they were"]
        if rows["missing"]:
            said.append(f"{rows['missing']:,} not in the file, which stay")
    return ", ".join(said)


def _repaired(repair: dict[str, Any]) -> str:
    said = [f"{_rows(repair['fixed'])} corrected"]
    if repair["still_rejected"]:
        said.append(f"{repair['still_rejected']:,} still do not fit")
    if repair["not_rejected"]:
        said.append(f"{repair['not_rejected']:,} were not waiting for a correction")
    if repair["unreadable"]:
        said.append(f"{repair['unreadable']:,} could not be read")
    return ", ".join(said)


def _replaced(summary: dict[str, Any]) -> str:
    cells, rows = summary.get("cells"), summary["rows"]
    if cells is None:
        return f"{_rows(rows['after'])} instead of {rows['before']:,}"
    columns = counted(cells["columns_changed"], "column")
    changed = counted(cells["changed"], "cell differs", "cells differ")
    emptied = counted(cells["become_empty"], "becomes empty", "become empty")
    return f"{changed} in {columns}, {emptied}"


def _rows(count: int) -> str:
    return counted(count, "row")
