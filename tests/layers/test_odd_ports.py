"""Ports and versions that are digits to Python and no numbers to anybody else: they were crashes."""

from __future__ import annotations

from typing import Any

import pytest

from aksess import library
from aksess.estate import Estate
from aksess.layers.cloud_provider.behaviour import Behaviour
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector
from aksess.snapshot.snapshot import Snapshot
from robustness.small_estates import FRONTS, SHOP, Files

DIGITS = "9" * 5000
ODD = ["²", "٣", DIGITS, "-1", "1e3", ""]


def estate_of(files: Files) -> Estate:
    collector = Collector()
    for name, value in files.items():
        for each in value if name.endswith(".yaml") else [value]:
            collector.take(each, StoredPlace(name, 1))
    return Estate.of(Snapshot.of(collector))


def objects(files: Files, kind: str) -> list[dict[str, Any]]:
    return [each for value in files.values() if isinstance(value, list) for each in value if each.get("kind") == kind]


@pytest.mark.parametrize("port", ODD, ids=lambda each: repr(each[:4]))
def test_a_port_name_of_a_network_policy(port: str) -> None:
    """Of a rule, and of the Service whose pods it selects."""
    files = SHOP.copy()
    objects(files, "NetworkPolicy")[0]["spec"]["ingress"][0]["ports"][0]["port"] = port
    library.audit(estate_of(files))
    for each in objects(files, "Service"):
        for found in each["spec"]["ports"]:
            found["targetPort"] = port
    library.audit(estate_of(files))


@pytest.mark.parametrize("port", ODD, ids=lambda each: repr(each[:4]))
def test_a_port_name_that_pods_are_asked_for(port: str) -> None:
    files = FRONTS.copy()
    (web,) = [each for each in objects(files, "Service") if each["metadata"]["name"] == "web"]
    web["spec"] |= {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": port}]}
    web["status"] = {"loadBalancer": {"ingress": [{"ip": "20.50.60.90"}]}}
    library.audit(estate_of(files))


@pytest.mark.parametrize(
    "version", [f"1.{DIGITS}", f"{DIGITS}.1", f"1.33.{DIGITS}", "1.²", "v1.٣", ""], ids=lambda each: each[:4]
)
def test_a_version_of_the_cloud_provider(version: str) -> None:
    assert Behaviour.of_version(version) is not None
    assert Behaviour.of_cluster(version) is not None
