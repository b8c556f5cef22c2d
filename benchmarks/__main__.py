"""`./x bench [NAME]`: run one benchmark, or all of them."""

from __future__ import annotations

import sys

from benchmarks import accessibility, exports, intake, jobs_cost, jobs_history, jobs_live, validations

BENCHMARKS = {
    "intake": intake.main,
    "exports": exports.main,
    "validations": validations.main,
    "history": jobs_history.main,
    "jobs": jobs_live.main,
    "cost": jobs_cost.main,
    "lighthouse": accessibility.main,
}


def main() -> None:
    names = sys.argv[1:2] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    for name in names:
        BENCHMARKS[name](sys.argv[2:])


main()
