"""Everything that comes in: files, folders, standard input and archives, as raw objects with where each was found.

`read_files` gives a `Snapshot`. Secret data is dropped on reading. What is not understood is listed in
`Snapshot.unread`, never skipped.
"""

from __future__ import annotations

from aksess.snapshot.files import read_files
from aksess.snapshot.items import AzureItem, KubernetesItem
from aksess.snapshot.snapshot import Snapshot
from aksess.snapshot.unread import Reach, Unread

__all__ = ["AzureItem", "KubernetesItem", "Reach", "Snapshot", "Unread", "read_files"]
