"""What was acknowledged is there again, whatever happened to the end of the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.common import keyed_file
from services.common.directory import DirectoryLock, DirectoryLocked
from services.common.keyed_file import KeyedFile


def file_in(folder: Path) -> KeyedFile:
    return KeyedFile(folder, DirectoryLock(folder, what="the file", advice="choose another folder"))


def test_the_latest_values_are_there_again(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    assert file.open() == {}
    file.append([(b"a", b"1"), (b"b", b"2"), (b"empty", b"")])
    file.append([(b"a", b"3"), (b"b", None)])
    file.close()
    again = file_in(tmp_path)
    assert again.open() == {b"a": b"3", b"empty": b""}
    again.append([(b"c", b"4")])
    again.close()
    assert file_in(tmp_path).open() == {b"a": b"3", b"empty": b"", b"c": b"4"}


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_a_write_that_was_cut_off_is_cut(tmp_path: Path, cut: int) -> None:
    file = file_in(tmp_path)
    file.open()
    file.append([(b"a", b"1")])
    file.append([(b"b", b"2")])
    file.close()
    path = tmp_path / "latest"
    path.write_bytes(path.read_bytes()[:-cut])
    again = file_in(tmp_path)
    assert again.open() == {b"a": b"1"}
    again.append([(b"c", b"3")])
    again.close()
    assert file_in(tmp_path).open() == {b"a": b"1", b"c": b"3"}


def test_a_file_of_the_past_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed_file, "COMPACT_BYTES", 1_000)
    file = file_in(tmp_path)
    file.open()
    for number in range(1_000):
        file.append([(b"key", b"%d" % number)])
    assert (tmp_path / "latest").stat().st_size < 1_100
    file.close()
    assert file_in(tmp_path).open() == {b"key": b"999"}


def test_one_process_has_it(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.open()
    with pytest.raises(DirectoryLocked, match="choose another folder"):
        file_in(tmp_path).open()
