"""Scripts for kubectl: what they say to it, in which order, and back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from orders import INGRESS, LIST, OPENED, SERVICE, listed, object_change

from aksess.errors import ExportRefused
from aksess.export import kubectl
from aksess.export.interface import Order
from aksess.plan.changes import Change
from aksess.snapshot import Snapshot

RANGES = object_change(SERVICE, ("spec", "loadBalancerSourceRanges"), None, ["203.0.113.0/24"])


def scripts(*changes: Change) -> dict[str, str]:
    return {each.path: each.text for each in kubectl.files(Order(changes, Snapshot(), (), ()))}


def ran(script: str, folder: Path) -> list[list[str]]:
    """The arguments of every kubectl that a script calls."""
    fake = folder / "kubectl"
    fake.write_text('#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >> "$LOG"; printf "\\n\\0" >> "$LOG"\n')
    fake.chmod(0o755)
    log = folder / "log"
    log.write_bytes(b"")
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LOG": str(log)}
    subprocess.run(["bash", "-c", script], env=environment, check=True)
    calls = log.read_text().split("\n\0")[:-1]
    return [call.rstrip("\0").split("\0") for call in calls]


def test_what_kubectl_is_told(tmp_path: Path) -> None:
    apply, undo = (
        scripts(listed("192.0.2.0/24", "203.0.113.0/24"), RANGES)[f"{each}.sh"] for each in ("apply", "undo")
    )
    first, second = ran(apply, tmp_path)
    assert first[:6] == ["patch", "ingress/web", "--namespace", "shop", "--type", "merge"]
    assert json.loads(first[-1]) == {"metadata": {"annotations": {LIST: "203.0.113.0/24"}}}
    assert second[1] == "service/direct"
    assert json.loads(second[-1]) == {"spec": {"loadBalancerSourceRanges": ["203.0.113.0/24"]}}
    back = ran(undo, tmp_path)
    assert [each[1] for each in back] == ["service/direct", "ingress/web"]
    assert [json.loads(each[-1]) for each in back] == [
        {"spec": {"loadBalancerSourceRanges": None}},
        {"metadata": {"annotations": {LIST: "192.0.2.0/24"}}},
    ]


def test_any_value_comes_through_the_shell(tmp_path: Path) -> None:
    odd = "a'b\"c $(touch x) `id` \\ ünï\n${HOME}"
    (call,) = ran(scripts(listed(None, odd))["apply.sh"], tmp_path)
    assert json.loads(call[-1])["metadata"]["annotations"][LIST] == odd


def test_changes_in_azure_are_named_with_their_way() -> None:
    text = scripts(OPENED, listed(None, "203.0.113.0/24"))["apply.sh"]
    assert "#   1. create networkSecurityGroups edge securityRules.aksess-web" in text
    assert "--as az" in text
    assert "# 2. create Ingress shop/web" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (OPENED, "the plan changes nothing in Kubernetes"),
        (object_change(INGRESS, ("spec", "rules", 0, "host"), "a", "b"), "an element of a list"),
        (object_change(INGRESS, (), None, {"kind": "Ingress"}), "an object that is new"),
    ],
)
def test_what_it_cannot_say_is_refused(change: Change, said: str) -> None:
    with pytest.raises(ExportRefused, match=said):
        scripts(change)
