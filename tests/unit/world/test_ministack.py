"""Where MiniStack unpacks functions."""

import os
from pathlib import Path

import pytest

from penstock_ops.world import ministack


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the file system in memory."""
    there = tmp_path / "memory"
    there.mkdir()
    monkeypatch.setattr(ministack, "_MEMORY", there)
    monkeypatch.setattr(ministack, "_ROOM", 0)
    return there


def test_memory_will_do_where_there_is_room(memory: Path) -> None:
    assert ministack._memory_will_do()


def test_a_small_one_will_not(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ministack, "_ROOM", 1 << 60)

    assert not ministack._memory_will_do()


def test_none_will_not(memory: Path) -> None:
    memory.rmdir()

    assert not ministack._memory_will_do()


def test_one_from_which_nothing_runs_will_not(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def statvfs(_: Path) -> os.statvfs_result:
        blocks = 1 << 40
        return os.statvfs_result((4096, 4096, blocks, blocks, blocks, 0, 0, 0, os.ST_NOEXEC, 255))

    monkeypatch.setattr(ministack.os, "statvfs", statvfs)

    assert not ministack._memory_will_do()


def test_two_worlds_have_two_places_and_clearing_one_leaves_the_other(memory: Path, tmp_path: Path) -> None:
    # Given
    worlds = [tmp_path / "one", tmp_path / "two"]
    places = [ministack._in_memory(world) for world in worlds]
    for folder in (*worlds, *places):
        (folder / "full").mkdir(parents=True)

    # When
    ministack.clear(worlds[0])

    # Expect
    assert [folder.exists() for folder in (*worlds, *places)] == [False, True, False, True]
