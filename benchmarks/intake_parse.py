"""One parse alone, in an environment like the sandbox's: CPU seconds of reading a file, and of describing its columns.

`python -m benchmarks.intake_parse FILE`; prints both as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from headway.intake.operations import OPERATIONS
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.profiling import profiled


def main(source: Path) -> None:
    pa.set_cpu_count(2)
    with TemporaryDirectory(prefix="headway-bench-") as folder:
        request = ParseRequest(source, source.name, Path(folder), ParseOptions(), 2**40, 2**40)
        began = time.process_time()
        result = OPERATIONS["parse"](request, lambda _progress: None)
        read = time.process_time()
        for part in result.parts:
            profiled(request, part, lambda _progress: None)
        described = time.process_time()
    print(json.dumps([read - began, described - read]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
