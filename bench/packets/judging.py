"""Judges observed packets with a model that has one fault: ``python -m bench.packets.judging MUTANT FILE …``.

The fault is put in while the module is loaded, so this process must not have loaded the evaluator before, and no file
is ever changed. Prints the first observation that contradicts the model, or nothing.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import pickle
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from bench.packets.mutants import MUTANTS, Mutant


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module with one place changed."""

    def __init__(self, fullname: str, path: str, mutant: Mutant) -> None:
        super().__init__(fullname, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text()
        found = source.count(self._mutant.before)
        if found != 1:
            raise SystemExit(f"{self._mutant.name}: its place is found {found} times in {fullname}, not once")
        return compile(source.replace(self._mutant.before, self._mutant.after), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Hands the module of a mutant to the loader above."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del target
        if fullname != f"aksess.{self._mutant.module}":
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is None or found.origin is None:
            return None
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=_Loader(fullname, found.origin, self._mutant)
        )


def main() -> None:
    """Put the fault in, then judge one file of observations after the other."""
    mutant = next(each for each in MUTANTS if each.name == sys.argv[1])
    if f"aksess.{mutant.module}" in sys.modules:
        raise SystemExit(f"{mutant.name}: the evaluator was loaded before the fault")
    sys.meta_path.insert(0, _Finder(mutant))
    for name in sys.argv[2:]:
        with Path(name).open("rb") as file:
            observed: Any = pickle.load(file)
        wrong = observed.first_contradiction()
        if wrong is not None:
            print(wrong)
            return


if __name__ == "__main__":
    main()
