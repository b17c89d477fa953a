from pathlib import Path

from penstock_ops.world.logs import last_lines


def test_the_last_lines_that_say_anything(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo \n\n\xff three\n\n")

    assert last_lines(log, 2) == ["two", "\N{REPLACEMENT CHARACTER} three"]


def test_no_log_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "log") == []
