"""Kustomize: its text, and what the real one builds of it: the base with exactly the changed fields."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from orders import (
    DENY_ALL,
    INGRESS,
    LIST,
    NARROWED,
    SERVICE,
    Order,
    exported,
    listed,
    manifest,
    object_change,
    order,
    texts,
    written,
)

from aksess.errors import ExportRefused
from aksess.export import kustomize
from aksess.plan.changes import Change, Resource
from aksess.plan.states import changed
from aksess.snapshot.yaml_loader import KubernetesLoader
from lab.parts_fixture import need

CONFIG = Resource("ConfigMap", "settings", "default", "v1")
POLICY = Resource("NetworkPolicy", "web", "shop", "networking.k8s.io/v1")
BASE = [
    manifest(
        INGRESS,
        {"annotations": {LIST: "0.0.0.0/0", "note": "kept"}},
        spec={"rules": [{"host": "a.example.com"}, {"host": "b.example.com"}]},
    ),
    manifest(
        SERVICE,
        spec={
            "type": "LoadBalancer",
            "externalTrafficPolicy": "Cluster",
            "loadBalancerSourceRanges": ["203.0.113.0/24", "198.51.100.0/24"],
            "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}],
        },
    ),
    manifest(CONFIG, data={"use-proxy-protocol": "true"}),
]
NARROWER = object_change(SERVICE, ("spec", "loadBalancerSourceRanges"), ["0.0.0.0/0"], ["203.0.113.0/24"])
LOCAL = object_change(SERVICE, ("spec", "externalTrafficPolicy"), "Cluster", "Local")
CLOSED = object_change(SERVICE, ("metadata", "annotations", DENY_ALL), None, "true")

OVERLAY = {
    "kustomization.yaml": """\
# What a plan of aksess changes in Kubernetes.
# Let resources lead to the kustomization of the manifests that the plan was made from.
# All of it is applied at once. Where the order counts, use aksess export PLAN --as kubectl.
#
# Not in here; steps are numbered as in the plan, carry them out in that order:
#   2. update networkSecurityGroups edge securityRules.web, \
for AccessPolicy shop/offices-only: aksess export PLAN --as az
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../base
patches:
  - path: patch-service-shop-direct.yaml
  - path: patch-ingress-shop-web.yaml
""",
    "patch-service-shop-direct.yaml": """\
# 1. update Service shop/direct spec.externalTrafficPolicy, for AccessPolicy shop/offices-only
# 4. update Service shop/direct spec.loadBalancerSourceRanges, for AccessPolicy shop/offices-only
apiVersion: v1
kind: Service
metadata:
  name: direct
  namespace: shop
spec:
  externalTrafficPolicy: Local
  loadBalancerSourceRanges:
    - 203.0.113.0/24
""",
    "patch-ingress-shop-web.yaml": """\
# 3. delete Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: null
""",
}


def test_an_overlay_reads_like_this() -> None:
    asked = order(LOCAL, NARROWED, listed("0.0.0.0/0", None), NARROWER, of=BASE)
    assert exported(kustomize.files, asked) == OVERLAY


@pytest.mark.parametrize(
    "changes",
    [
        [listed("0.0.0.0/0", "203.0.113.0/24,2001:db8::/32")],
        [listed("0.0.0.0/0", None)],
        [NARROWER],
        [object_change(SERVICE, ("spec", "loadBalancerSourceRanges"), ["0.0.0.0/0"], None)],
        [LOCAL, CLOSED, NARROWER],
        [object_change(CONFIG, ("data", "proxy-real-ip-cidr"), None, "10.0.0.0/8"), LOCAL],
        # an object in a list, a list of objects: nothing may be merged by a key
        [object_change(INGRESS, ("spec", "rules", 1, "host"), "b.example.com", "c.example.com")],
        [object_change(INGRESS, ("spec", "rules", 0), {"host": "a.example.com"}, {"host": "z.example.com"})],
        [object_change(SERVICE, ("spec", "ports"), [{"port": 80}], [{"name": "https", "port": 443}]), CLOSED],
        [object_change(INGRESS, ("spec", "tls"), None, [{"hosts": ["a/~b"]}]), listed("0.0.0.0/0", None)],
    ],
)
def test_what_is_built_is_the_base_with_the_changes(changes: list[Change], tmp_path: Path) -> None:
    _holds(order(*changes, of=BASE), tmp_path)


def test_keys_of_json_patches_are_escaped(tmp_path: Path) -> None:
    ports = object_change(SERVICE, ("spec", "ports", 0, "port"), 80, 8080)
    tilde = object_change(SERVICE, ("metadata", "annotations", "a/b~c"), None, "x")
    asked = order(ports, tilde, of=BASE)
    assert "path: /metadata/annotations/a~1b~0c\n" in exported(kustomize.files, asked)["patch-service-shop-direct.yaml"]
    _holds(asked, tmp_path)


def test_new_objects_become_resources(tmp_path: Path) -> None:
    whole = {"podSelector": {}, "policyTypes": ["Ingress"]}
    changes = [
        object_change(POLICY, ("spec",), None, whole),
        object_change(POLICY, ("metadata", "labels"), None, {"a": "b"}),
    ]
    built = _built(exported(kustomize.files, order(*changes, of=BASE)), BASE, tmp_path)
    assert built[POLICY.kind] == manifest(POLICY, {"labels": {"a": "b"}}, spec=whole)


def test_an_object_that_goes_is_gone(tmp_path: Path) -> None:
    gone = object_change(INGRESS, (), BASE[0], None)
    assert set(_built(exported(kustomize.files, order(gone, of=BASE)), BASE, tmp_path)) == {"Service", "ConfigMap"}


def test_a_base_without_the_object_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no matches for Id"):
        _built(exported(kustomize.files, order(LOCAL, of=BASE)), BASE[:1], tmp_path)


def _is_printable(text: str) -> bool:
    """Kustomize does not read, or writes in a form that PyYAML does not read, what is no character to print."""
    return all(each.isprintable() or each in "\n\t" for each in text)


@settings(max_examples=15)
@given(st.lists(texts.filter(_is_printable), min_size=1, max_size=8))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, found: list[str]) -> None:
    _holds(order(*_settings(found), of=BASE), tmp_path_factory.mktemp("kustomize"))


def test_words_that_a_reader_could_take_for_something_else_survive(tmp_path: Path) -> None:
    words = [
        "1e3",
        "0o17",
        "017",
        "1:30",
        "y",
        "on",
        "null",
        "~",
        "1_000",
        ".5",
        "2026-11-25",
        "=",
        "- a",
        "|",
        "\u2028",
        "é",
    ]
    _holds(order(*_settings(words), of=BASE), tmp_path)


def _settings(found: Sequence[str]) -> list[Change]:
    """Changes that set texts, the first of them as the name of a setting too."""
    keys = [f"k{found[0]}", *(f"key-{number}" for number in range(1, len(found)))]
    return [object_change(CONFIG, ("data", key), None, each) for key, each in zip(keys, found, strict=True)]


def test_a_plan_for_azure_is_refused() -> None:
    with pytest.raises(ExportRefused) as caught:
        list(kustomize.files(order(NARROWED, of=BASE)))
    assert str(caught.value) == "the plan changes nothing in Kubernetes (the nearest way: aksess export PLAN --as az)"


def _holds(asked: Order, folder: Path) -> None:
    """What is built are the objects as the plan has them, and nothing else."""
    after = changed(asked.snapshot, asked.changes).objects
    built = _built(exported(kustomize.files, asked), BASE, folder)
    assert built == {each.kind: each.plain() for each in after}


def _built(files: dict[str, str], base: Sequence[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """What the real kustomize builds, by kind."""
    written({"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": yaml.safe_dump_all(base)}, folder / "base")
    overlay = written(files, folder / "overlay")
    command = [*need("kustomize").command, "build", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {each["kind"]: each for each in yaml.load_all(done.stdout, Loader=KubernetesLoader)}
