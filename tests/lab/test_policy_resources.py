"""The custom resource definitions, as the real API server takes them; and what it says to documents, good and wrong.

``python test_policy_resources.py`` is the scene that runs inside the namespaces of a lab: it prints what it saw.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from aksess.errors import ApiRefused, PolicyError
from aksess.lab.namespaces import entering
from aksess.policy import read_policies
from aksess.policy.schema import MOST_ENTRIES, definitions

POLICIES = "/apis/aksess.dev/v1alpha1"
ALLOW = [{"cidr": "203.0.113.0/24"}]
TARGET = {"kind": "Ingress", "name": "web"}
FEED = {"url": "https://feeds.example.com/offices.txt"}
Spec = dict[str, Any]


def access(**spec: Any) -> Spec:
    return {"targetRefs": [TARGET], **spec}


def allowing(**entry: Any) -> Spec:
    return access(allow=[entry])


GOOD: dict[str, tuple[str, Spec]] = {
    "that of the contract": (
        "AccessPolicy",
        {
            "targetRefs": [{"kind": "Ingress", "name": "shop", "host": "shop.example.com", "path": "/admin"}],
            "allow": [
                {"cidr": "203.0.113.0/24", "reason": "Berlin", "owner": "a@example.com", "expires": "2027-01-31"},
                {"group": "partners"},
                {"serviceTag": "AzureFrontDoor.Backend"},
            ],
            "deny": [{"cidr": "203.0.113.66/32", "reason": "kiosk"}],
        },
    ),
    "public": ("AccessPolicy", access(public=True, deny=ALLOW)),
    "an address": ("AccessPolicy", allowing(address="2001:db8::7")),
    "an address as cidr": ("AccessPolicy", allowing(cidr="203.0.113.7")),
    "everybody of a family": ("AccessPolicy", allowing(cidr="::/0")),
    "as many entries as there may be": (
        "AccessPolicy",
        access(allow=[{"cidr": f"10.{i >> 8}.{i & 255}.0/24"} for i in range(MOST_ENTRIES)], deny=ALLOW),
    ),
    "a group": (
        "AddressGroup",
        {
            "entries": [
                {"cidr": "2001:db8:7::/48"},
                {"group": "others"},
                {"dns": "vpn.example.com"},
                {**FEED, "sha256": "0" * 64},
                {**FEED, "refresh": "signed-off", "owner": "a@example.com", "expires": "2027-01-31"},
            ]
        },
    ),
    "that of a cluster": (
        "ClusterAccessPolicy",
        {
            "apiServer": {"allow": [{"group": "partners"}]},
            "always": [{"cidr": "192.0.2.10/32", "reason": "break glass"}],
            "egress": {"baseLine": "required"},
        },
    ),
}

WRONG: dict[str, tuple[str, Spec, str]] = {
    "both": ("AccessPolicy", access(allow=ALLOW, public=True), "say exactly one of allow"),
    "neither": ("AccessPolicy", access(), "say exactly one of allow"),
    "nobody": ("AccessPolicy", access(allow=[]), "say exactly one of allow"),
    "no target": ("AccessPolicy", {"targetRefs": [], "public": True}, "spec.targetRefs"),
    "another kind": ("AccessPolicy", {"targetRefs": [{"kind": "Pod", "name": "p"}], "public": True}, "Unsupported"),
    "empty entry": ("AccessPolicy", allowing(), "say exactly one of cidr, address, serviceTag, group"),
    "no form": ("AccessPolicy", allowing(reason="none"), "say exactly one of cidr, address, serviceTag, group"),
    "two forms": ("AccessPolicy", allowing(cidr="192.0.2.0/24", group="g"), "say exactly one of cidr"),
    "two forms in deny": (
        "AccessPolicy",
        access(public=True, deny=[{"address": "192.0.2.1", "group": "g"}]),
        "deny[0]",
    ),
    "no network": ("AccessPolicy", allowing(cidr="300.0.2.0/24"), "spec.allow[0].cidr"),
    "host bits": ("AccessPolicy", allowing(cidr="192.0.2.7/24"), "without bits beyond its prefix"),
    "IPv6 host bits": ("AccessPolicy", allowing(cidr="2001:db8::1/32"), "without bits beyond its prefix"),
    "a network as address": ("AccessPolicy", allowing(address="192.0.2.0/24"), "spec.allow[0].address"),
    "an IPv4 address as IPv6": ("AccessPolicy", allowing(address="::ffff:192.0.2.1"), "spec.allow[0].address"),
    "a zone": ("AccessPolicy", allowing(cidr="fe80::1%eth0"), "spec.allow[0].cidr"),
    "no tag": ("AccessPolicy", allowing(serviceTag="two words"), "spec.allow[0].serviceTag"),
    "no date": ("AccessPolicy", allowing(cidr="192.0.2.0/24", expires="soon"), "spec.allow[0].expires"),
    "public as text": ("AccessPolicy", access(public="yes"), "spec.public"),
    "a feed in a policy": ("AccessPolicy", allowing(**FEED), "unknown field"),
    "a misspelt field": ("AccessPolicy", access(alow=ALLOW, public=True), "unknown field"),
    "no member": ("AddressGroup", {"entries": []}, "spec.entries"),
    "a feed without a pin": ("AddressGroup", {"entries": [FEED]}, "exactly one of sha256 and refresh"),
    "two pins": (
        "AddressGroup",
        {"entries": [{**FEED, "sha256": "0" * 64, "refresh": "signed-off", "owner": "a", "expires": "2027-01-31"}]},
        "exactly one of sha256 and refresh",
    ),
    "a pin of nothing": ("AddressGroup", {"entries": [{"dns": "a.example", "sha256": "0" * 64}]}, "exactly one"),
    "nobody signs": ("AddressGroup", {"entries": [{**FEED, "refresh": "signed-off"}]}, "needs owner and expires"),
    "no digest": ("AddressGroup", {"entries": [{**FEED, "sha256": "abc"}]}, "spec.entries[0].sha256"),
    "plain http": ("AddressGroup", {"entries": [{"url": "http://a.example/", "sha256": "0" * 64}]}, "entries[0].url"),
    "another word": ("ClusterAccessPolicy", {"withoutPolicy": "open"}, "spec.withoutPolicy"),
    "no API server sources": ("ClusterAccessPolicy", {"apiServer": {"allow": []}}, "spec.apiServer.allow"),
    "a wrong source": ("ClusterAccessPolicy", {"always": [{"cidr": "1.2.3"}]}, "spec.always[0].cidr"),
}


def document(kind: str, name: str, spec: Spec) -> dict[str, Any]:
    namespace = {"namespace": "default"} if kind == "AccessPolicy" else {}
    metadata = {"name": name.replace(" ", "-").lower(), **namespace}
    return {"apiVersion": "aksess.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def play() -> dict[str, Any]:
    from scenes import start_api

    api = start_api()
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    seen: dict[str, Any] = {"established": {}, "good": {}, "wrong": {}}
    for definition in definitions().values():
        api.create(definition)
    for definition in definitions().values():
        name = definition["metadata"]["name"]
        for _ in range(100):
            conditions = api.request("GET", f"{crds}/{name}").get("status", {}).get("conditions", [])
            held = {each["type"]: each["status"] for each in conditions}
            if held.get("Established") == "True":
                break
            time.sleep(0.1)
        seen["established"][name] = held

    def told(kind: str, name: str, spec: Spec) -> str:
        made = document(kind, name, spec)
        try:
            # strict: an unknown field is an error, as kubectl has it
            api.request("POST", f"{api.place(made)}?fieldValidation=Strict", made)
        except ApiRefused as error:
            return f"{error.status} {error}"
        return ""

    for _ in range(100):  # established, and served a moment later
        if not told("AddressGroup", "first", {"entries": ALLOW}):
            break
        time.sleep(0.1)
    seen["good"] = {name: told(kind, name, spec) for name, (kind, spec) in GOOD.items()}
    seen["wrong"] = {name: told(kind, name, spec) for name, (kind, spec, _) in WRONG.items()}
    stored = api.request("GET", f"{POLICIES}/clusteraccesspolicies/that-of-a-cluster")
    seen["defaults"] = stored["spec"].get("withoutPolicy")
    condition = {"type": "Ready", "status": "True", "reason": "Planned", "message": "", "observedGeneration": 1}
    status = {"status": {"conditions": [{**condition, "lastTransitionTime": "2026-11-25T00:00:00Z"}]}}
    api.request("PATCH", f"{POLICIES}/namespaces/default/accesspolicies/public/status", status)
    seen["table"] = api.kubectl("get", "accesspolicies", "public", "-n", "default")
    seen["explained"] = api.kubectl("explain", "addressgroup.spec.entries.refresh")
    api.stop()
    return seen


@pytest.mark.parametrize("name", [*GOOD, *WRONG])
def test_the_reader_says_the_same(name: str, tmp_path: Path) -> None:
    """What a cluster takes, files may hold, and the other way round."""
    kind, spec = GOOD[name] if name in GOOD else WRONG[name][:2]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document(kind, name, spec), indent=1))
    with nullcontext() if name in GOOD else pytest.raises(PolicyError, match=r"policy\.json:\d+: spec"):
        read_policies([file])


@cache
def seen() -> dict[str, Any]:
    from parts_fixture import need, need_namespaces

    need("kube")
    need_namespaces()
    played = subprocess.run(
        entering([sys.executable, __file__]), capture_output=True, text=True, timeout=300, check=False
    )
    assert played.returncode == 0, played.stderr
    told: dict[str, Any] = json.loads(played.stdout)
    return told


def test_the_definitions_are_established() -> None:
    held = seen()["established"]
    assert len(held) == 3
    for conditions in held.values():
        assert conditions["Established"] == conditions["NamesAccepted"] == "True"
        assert "NonStructuralSchema" not in conditions


def test_good_documents_are_taken() -> None:
    assert seen()["good"] == dict.fromkeys(GOOD, "")


def test_wrong_documents_are_refused_and_told_why() -> None:
    for name, (_, _, why) in WRONG.items():
        said = seen()["wrong"][name]
        assert said[:3] in {"400", "422"}, name
        assert why in said, name


def test_defaults_columns_and_explanations() -> None:
    assert seen()["defaults"] == "report"
    head, row = seen()["table"].splitlines()
    assert head.split() == ["NAME", "TARGETS", "PUBLIC", "READY", "AGE"]
    assert row.split()[:4] == ["public", "web", "true", "True"]
    assert "owner signs until" in " ".join(seen()["explained"].split())


if __name__ == "__main__":
    print(json.dumps(play()))
