"""Folders and object stores, opened by URL.

Credentials come from the machine, as its vendor's own tools take them: the environment (AWS_..., GOOGLE_...,
AZURE_...), or the identity of the machine or the pod.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import from_url

SCHEMES = ("s3://", "gs://", "az://", "abfss://", "file://")


class StoreError(Exception):
    """A place that is no folder and no object store, or lacks what its kind of store needs."""


class UnknownOptionError(StoreError):
    """An option that this kind of store does not have."""


def url_of(place: str) -> str:
    """The URL of a folder or a store.

    Raises:
        StoreError: of another kind.
    """
    url = place if "://" in place else Path(place).absolute().as_uri()
    if not url.startswith(SCHEMES):
        raise StoreError(f"{place!r} is no folder and no object store: use {', '.join(SCHEMES)} or a path")
    return url


def open_store(url: str, options: Mapping[str, str], *, create: bool = False) -> Any:
    """The store behind a URL; nothing is asked over the network yet.

    Args:
        url: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder.
        options: of the store, such as region or endpoint; an endpoint may be http.
        create: a folder that is not there is made.

    Raises:
        StoreError
    """
    settings: dict[str, Any] = dict(options)
    if settings.get("endpoint", "").startswith("http:"):
        settings["client_options"] = {"allow_http": True}
    if create and url.startswith("file://"):
        settings["mkdir"] = True
    # Its signature takes the options of one kind of store at a time.
    any_store: Any = from_url
    try:
        return any_store(url, **settings)
    except UnknownConfigurationKeyError as error:
        raise UnknownOptionError(f"{url}: {first_line(error)}") from None
    except (BaseError, TypeError, ValueError, OSError) as error:
        raise StoreError(f"{url}: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """What a store's error says, without the debug dump behind it."""
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__
