"""Typed nouns made from a snapshot, and the links between them.

`Estate.of(snapshot)` is the way in; `kubernetes` and `azure` hold the nouns, `nodes` the groups of nodes that share
their security groups.
"""

from __future__ import annotations

from aksess.estate.estate import Estate
from aksess.estate.nodes import NodeGroup

__all__ = ["Estate", "NodeGroup"]
