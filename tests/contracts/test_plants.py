"""The faults that `./x chaos --plant` plants still fit the source; a fault that is not planted proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.__main__ import EXPERIMENTS
from chaos.altered import EditDoesNotFit, altered_source
from chaos.kill_storm import CLOCK
from chaos.plants import PLANTS, Plant


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_plant_fits_the_source_and_changes_it(plant: Plant, tmp_path: Path) -> None:
    assert plant.edits
    assert plant.experiment in EXPERIMENTS
    folder = altered_source(tmp_path, list(plant.edits))
    for edit in plant.edits:
        changed = (folder / "headway" / edit.file).read_text()
        compile(changed, edit.file, "exec")


def test_the_clock_can_be_moved(tmp_path: Path) -> None:
    altered_source(tmp_path, [CLOCK])


def test_a_plant_that_does_not_fit_stops_the_run(tmp_path: Path) -> None:
    altered_source(tmp_path / "once", [CLOCK])
    with pytest.raises(EditDoesNotFit):
        altered_source(tmp_path / "twice", [CLOCK], base=tmp_path / "once")
