"""Every cell of the published tables is what the engine allows."""

from tests.corpora import crew_tables


def test_every_cell_matches() -> None:
    cells = crew_tables.cells()

    assert [cell for cell in cells if not cell.matches] == []
    assert len([cell for cell in cells if cell.regulation == "14 CFR 117"]) == 3 + 70 + 30
    assert len([cell for cell in cells if cell.regulation == "EASA"]) == 117 + 7 + 7 + 72 + 6
