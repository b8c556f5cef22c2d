"""Runs the checks: one pass over the rows for all rules that a row alone can break, then one query for each other one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headway.datasets.columns import Column
from headway.intake.merging.duck import rows_of
from headway.intake.parsing import ParseProgress, Report
from headway.rules.schemas import Unique
from headway.validations.checking.conditions import Check, empty
from headway.validations.checking.findings import Found, Marks, Numbers
from headway.validations.checking.values import sql_type

BATCH = 61_440
ROW = "file_row_number"
IN_ONE_PASS = 0.7
"""Share of the work that the pass over the rows is."""


class Scan:
    """The checks of one file. `rows` is SQL for its rows, `found` what each check found, `marks` the rows that broke any."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Path, report: Report) -> None:
        self._connection = connection
        self.rows = rows_of(source)
        self.total = int(pq.read_metadata(source).num_rows)
        self.schema = pq.read_schema(source)
        self._report = report
        self.found: dict[int, Found] = {}
        self.marks = Marks()

    def run(self, checks: list[Check], references: dict[int, tuple[Path, Column]]) -> None:
        """Run all checks. `references` has the file and the column that a rule refers to, by the rule's number."""
        self.found = {check.number: Found() for check in checks}
        alone = [check for check in checks if check.breaks is not None]
        others = [check for check in checks if check.breaks is None]
        share = IN_ONE_PASS if others else 1.0
        if alone:
            self._pass(alone, share)
        for done, check in enumerate(others):
            start = share if alone else 0.0
            said = f"Comparing rows: {', '.join(column.name for column in check.columns)}"
            self._report(ParseProgress(start + (1 - start) * done / len(others), self.total, said))
            for rows in self._together(check, references):
                self._add(check, rows)
        self._report(ParseProgress(1.0, self.total, f"Checked {self.total:,} rows"))

    def count(self, breaks: str) -> int:
        """Return how many rows break a condition."""
        return int(self._connection.execute(f"select count(*) from {self.rows} where {breaks}").fetchall()[0][0])

    def ask(self, sql: str) -> pa.Table:
        """Return a small table."""
        return self._connection.sql(sql).to_arrow_table()

    def first_of(self, check: Check, rows: list[int]) -> dict[int, int]:
        """Return of rows that repeat a value the row in which it stands first."""
        if not isinstance(check.rule, Unique) or not rows:
            return {}
        listed = ", ".join(str(row) for row in rows)
        sql = f"select r.{ROW}, k.first {self._repeated(check)} and r.{ROW} in ({listed})"
        return dict(self._connection.execute(sql).fetchall())

    def _pass(self, checks: list[Check], share: float) -> None:
        chosen = ", ".join(f"{check.breaks} as r{check.number}" for check in checks)
        done = 0
        for batch in self._connection.sql(f"select {ROW} as row, {chosen} from {self.rows}").to_arrow_reader(BATCH):
            rows = batch.column("row")
            for check in checks:
                flags = batch.column(f"r{check.number}")
                if flags.true_count:
                    self._add(check, rows.filter(flags).to_numpy())
            done += batch.num_rows
            fraction = share * min(1.0, done / max(1, self.total))
            self._report(ParseProgress(fraction, done, f"Checking rows: {done:,} of {self.total:,}"))

    def _add(self, check: Check, rows: Numbers) -> None:
        self.found[check.number].add(rows)
        self.marks.add(rows)

    def _together(self, check: Check, references: dict[int, tuple[Path, Column]]) -> Iterator[Numbers]:
        if isinstance(check.rule, Unique):
            self._remember_repeated(check)
            sql = f"select r.{ROW} as row {self._repeated(check)}"
        else:
            sql = self._without_counterpart(check, *references[check.number])
        for batch in self._connection.sql(f"{sql} order by row").to_arrow_reader(BATCH):
            yield np.asarray(batch.column("row").to_numpy(), np.int64)

    def _remember_repeated(self, check: Check) -> None:
        keys = ", ".join(f"{column.physical} as k{place}" for place, column in enumerate(check.columns))
        places = ", ".join(str(place + 1) for place in range(len(check.columns)))
        self._connection.execute(
            f"create temp table repeated_{check.number} as select {keys}, min({ROW}) as first from {self.rows}"
            f" where {check.present} group by {places} having count(*) > 1"
        )

    def _repeated(self, check: Check) -> str:
        """Return the end of a question for the rows that repeat an earlier one, each with that."""
        same = " and ".join(f"r.{column.physical} = k.k{place}" for place, column in enumerate(check.columns))
        return f"from {self.rows} r join repeated_{check.number} k on {same} where r.{ROW} <> k.first"

    def _without_counterpart(self, check: Check, path: Path, to: Column) -> str:
        [column] = check.columns
        kind = sql_type(self.schema.field(column.physical).type)
        back = sql_type(pq.read_schema(path).field(to.physical).type)
        # There and back, because to compare values of two types needs a third one, which can overflow.
        known = f"try_cast({to.physical} as {kind})"
        self._connection.execute(
            f"create temp table known_{check.number} as select distinct {known} as v from {rows_of(path)}"
            f" where not {empty(to)} and try_cast({known} as {back}) = {to.physical}"
        )
        return (
            f"select r.{ROW} as row from {self.rows} r anti join known_{check.number} k on r.{column.physical} = k.v"
            f" where {check.present}"
        )
