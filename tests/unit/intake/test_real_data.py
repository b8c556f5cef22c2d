"""Real tables that nobody made for us: the files of vega-datasets, each read back cell by cell or value by value."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from headway.datasets.columns import RAW_COLUMN
from headway.intake import pipeline
from headway.intake.parsing import ParseOptions, ParseRequest
from tests.support.browser import FOLDER, uibuild
from tests.unit.intake.reading import Read

TABLES = [
    "airports.csv", "birdstrikes.csv", "co2-concentration.csv", "disasters.csv", "flights-airport.csv",
    "gapminder-health-income.csv", "github.csv", "global-temp.csv", "iowa-electricity.csv", "la-riots.csv",
    "lookup_groups.csv", "lookup_people.csv", "population_engineers_hurricanes.csv", "seattle-weather.csv",
    "seattle-weather-hourly-normals.csv", "sp500-2000.csv", "sp500.csv", "species.csv", "stocks.csv",
    "unemployment.tsv", "us-employment.csv", "weather.csv", "zipcodes.csv",
]  # fmt: skip
DOCUMENTS = [
    "barley.json", "burtin.json", "cars.json", "countries.json", "driving.json", "flights-5k.json", "income.json",
    "jobs.json", "monarchs.json", "movies.json", "obesity.json", "ohlc.json", "penguins.json", "population.json",
    "unemployment-across-industries.json", "us-state-capitals.json", "wheat.json",
]  # fmt: skip


@pytest.fixture(scope="session")
def vega() -> Path:
    uibuild().npm_install(FOLDER)
    return FOLDER / "node_modules" / "vega-datasets" / "data"


def read(source: Path, folder: Path) -> Read:
    (folder / "out").mkdir()
    request = ParseRequest(source, source.name, folder / "out", ParseOptions(), 10**12, 512 * 2**20)
    (part,) = pipeline.parse(request, lambda _progress: None).parts
    return Read(part, folder)


@pytest.mark.parametrize("name", TABLES)
def test_every_cell_of_a_table_reads_back_as_it_was_written(vega: Path, tmp_path: Path, name: str) -> None:
    source = vega / name
    table = read(source, tmp_path)
    text = source.read_text(encoding="utf-8-sig")
    delimiter = "\t" if name.endswith(".tsv") else ","
    expected = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert table.part.rejected_rows == 0
    assert [list(row.values()) for row in table.rows(written=True)] == [list(row.values()) for row in expected]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_value_of_a_document_goes_out_as_it_came_in(vega: Path, tmp_path: Path, name: str) -> None:
    import pyarrow.parquet as pq

    source = vega / name
    table = read(source, tmp_path)
    expected: list[Any] = json.loads(source.read_text(encoding="utf-8-sig"))
    raw = pq.read_table(table.part.path, columns=[RAW_COLUMN]).column(0).to_pylist()
    assert [json.loads(text) for text in raw] == expected
    assert table.part.rows == len(expected)
