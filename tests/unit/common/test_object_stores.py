"""Folders and object stores by URL: what opens, and what is said of what does not."""

from __future__ import annotations

from pathlib import Path

import obstore
import pytest

from services.common.object_stores import StoreError, UnknownOptionError, first_line, open_store, url_of


async def test_a_folder_is_a_store_and_is_made_where_that_is_asked(tmp_path: Path) -> None:
    folder = tmp_path / "new folder"
    with pytest.raises(StoreError, match="new%20folder"):
        open_store(url_of(str(folder)), {})
    store = open_store(url_of(str(folder)), {}, create=True)
    await obstore.put_async(store, "a/b", b"content")
    assert (folder / "a" / "b").read_bytes() == b"content"


def test_what_is_no_store() -> None:
    with pytest.raises(StoreError, match=r"'ftp://x' is no folder and no object store: use s3://, .* or a path"):
        url_of("ftp://x")


def test_an_option_that_the_store_does_not_have() -> None:
    with pytest.raises(UnknownOptionError, match=r"^s3://b/p: .*'regon' is not valid for store 'S3'\.$"):
        open_store("s3://b/p", {"regon": "eu-central-1"})
    with pytest.raises(StoreError, match="Account must be specified"):
        open_store("az://container/prefix", {})


def test_errors_are_told_in_one_line() -> None:
    assert first_line(OSError("is away\n\nDebug source:\n...")) == "is away"
    assert first_line(TimeoutError()) == "TimeoutError"
