"""Helm values: their text, and what the real helm renders with them: the release with exactly the changed fields."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from orders import DENY_ALL, LISTED, NARROWED, Order, exported, manifest, object_change, order, texts, written

from aksess.errors import ExportRefused
from aksess.export import helm
from aksess.plan.changes import Change, Resource
from aksess.plan.states import changed
from aksess.snapshot.yaml_loader import KubernetesLoader
from lab.parts_fixture import need

LABELS = {
    "helm.sh/chart": "ingress-nginx-4.11.0",
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/instance": "edge",
}
SERVICE = Resource("Service", "edge-ingress-nginx-controller", "ingress", "v1")
INTERNAL = Resource("Service", "edge-ingress-nginx-controller-internal", "ingress", "v1")
METRICS = Resource("Service", "edge-ingress-nginx-controller-metrics", "ingress", "v1")
CONFIG = Resource("ConfigMap", "edge-ingress-nginx-controller", "ingress", "v1")
CONTROLLER = [manifest(each, {"labels": LABELS}) for each in (SERVICE, INTERNAL, METRICS, CONFIG)]

LOCAL = object_change(SERVICE, ("spec", "externalTrafficPolicy"), None, "Local")
RANGES = object_change(SERVICE, ("spec", "loadBalancerSourceRanges"), None, ["203.0.113.0/24"])
CLOSED = object_change(SERVICE, ("metadata", "annotations", DENY_ALL), None, "true")
TRUSTED = object_change(CONFIG, ("data", "proxy-real-ip-cidr"), None, "10.0.0.0/8")

VALUES = """\
# What a plan of aksess changes on the ingress-nginx controller ingress/edge.
# Name it after your own values: helm upgrade RELEASE CHART -f YOURS.yaml -f values-ingress-nginx.yaml
#   1. create Service ingress/edge-ingress-nginx-controller spec.externalTrafficPolicy, \
for AccessPolicy shop/offices-only
#   3. create Service ingress/edge-ingress-nginx-controller spec.loadBalancerSourceRanges, \
for AccessPolicy shop/offices-only
#   5. create Service ingress/edge-ingress-nginx-controller \
metadata.annotations['service.beta.kubernetes.io/azure-deny-all-except-load-balancer-source-ranges'], \
for AccessPolicy shop/offices-only
#   6. create ConfigMap ingress/edge-ingress-nginx-controller data.proxy-real-ip-cidr, \
for AccessPolicy shop/offices-only
#
# Not in here; steps are numbered as in the plan, carry them out in that order:
#   2. create Ingress shop/web metadata.annotations['nginx.ingress.kubernetes.io/whitelist-source-range'], \
for AccessPolicy shop/offices-only: aksess export PLAN --as kubectl
#   4. update networkSecurityGroups edge securityRules.web, \
for AccessPolicy shop/offices-only: aksess export PLAN --as az
controller:
  service:
    externalTrafficPolicy: Local
    loadBalancerSourceRanges:
      - 203.0.113.0/24
    annotations:
      service.beta.kubernetes.io/azure-deny-all-except-load-balancer-source-ranges: "true"
  config:
    proxy-real-ip-cidr: 10.0.0.0/8
"""

YOURS = """\
controller:
  config: {use-gzip: "true", proxy-real-ip-cidr: 192.0.2.0/24}
  service:
    loadBalancerSourceRanges: [192.0.2.0/24]
    externalTrafficPolicy: Cluster
    annotations: {note: kept}
    internal: {enabled: true, annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: "true"}}
"""


def test_values_read_like_this() -> None:
    asked = order(LOCAL, LISTED, RANGES, NARROWED, CLOSED, TRUSTED, of=CONTROLLER)
    assert exported(helm.files, asked) == {"values-ingress-nginx.yaml": VALUES}


@pytest.mark.parametrize(
    "changes",
    [
        [LOCAL],
        [RANGES, CLOSED, TRUSTED],
        [object_change(SERVICE, ("spec", "loadBalancerSourceRanges"), ["192.0.2.0/24"], None)],
        [object_change(SERVICE, ("spec", "externalTrafficPolicy"), "Cluster", None)],
        [object_change(INTERNAL, ("spec", "loadBalancerSourceRanges"), None, ["10.0.0.0/8"])],
        [object_change(INTERNAL, ("metadata", "annotations", DENY_ALL), None, "true"), LOCAL],
    ],
)
def test_what_is_rendered_is_the_release_with_the_changes(changes: list[Change], tmp_path: Path) -> None:
    chart = _chart()
    before = _rendered(chart, tmp_path, YOURS)
    asked = order(*changes, of=before)
    (text,) = exported(helm.files, asked).values()
    after = _by_name([each.plain() for each in changed(asked.snapshot, changes).objects])
    assert _by_name(_rendered(chart, tmp_path, YOURS, text)) == after


@settings(max_examples=10)
@given(st.lists(texts, min_size=1, max_size=10))
def test_any_text_survives_the_templates_of_the_chart(
    tmp_path_factory: pytest.TempPathFactory, found: list[str]
) -> None:
    _survive([*found, *(f"{{{{{each}}}}}" for each in found)], tmp_path_factory.mktemp("helm"))


def test_templates_survive_the_templates_of_the_chart(tmp_path: Path) -> None:
    _survive(["{{", "}}", "{{{", "{{ .Values }}", '{{- fail "x" -}}', "{{`{{`}}", "a {{/* b */}} c"], tmp_path)


def test_a_file_for_each_release() -> None:
    inner = Resource("Service", "inner-ingress-nginx-controller", "inner", "v1")
    labels = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "inner"}
    other = object_change(inner, ("spec", "externalTrafficPolicy"), None, "Local")
    files = exported(helm.files, order(LOCAL, other, of=[*CONTROLLER, manifest(inner, {"labels": labels})]))
    assert list(files) == ["values-ingress-nginx-ingress_edge.yaml", "values-ingress-nginx-inner_inner.yaml"]
    first, second = files.values()
    assert "#   2. create Service inner/inner-ingress-nginx-controller spec.externalTrafficPolicy" in first
    assert "-f values-ingress-nginx-inner_inner.yaml\n# Its objects do not name the chart" in second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            [LISTED, NARROWED],
            "(the nearest way: aksess export PLAN --as az and aksess export PLAN --as kubectl)",
        ),
        (
            [object_change(METRICS, ("spec", "loadBalancerSourceRanges"), None, ["10.0.0.0/8"])],
            "the plan changes nothing on objects of the ingress-nginx chart",
        ),
        (
            [object_change(CONFIG, ("data", "use-gzip"), "true", None)],
            "values add to each other and cannot take a key away (take it out of the values that set it; ",
        ),
        (
            [object_change(CONFIG, ("data", "allow-snippet-annotations"), "true", "false")],
            "the chart writes this setting from another value (the nearest way: aksess export PLAN --as kubectl)",
        ),
        (
            [object_change(SERVICE, ("spec", "sessionAffinity"), None, "ClientIP")],
            "the values of the ingress-nginx chart do not hold this field",
        ),
    ],
)
def test_refusals(changes: list[Change], message: str) -> None:
    with pytest.raises(ExportRefused) as caught:
        list(helm.files(order(*changes, of=CONTROLLER)))
    assert message in str(caught.value)


def _survive(found: list[str], folder: Path) -> None:
    chart = _chart()
    changes = [object_change(CONFIG, ("data", f"key-{number}"), None, each) for number, each in enumerate(found)]
    changes += [
        object_change(SERVICE, ("metadata", "annotations", f"key-{number}"), None, each)
        for number, each in enumerate(found)
    ]
    (text,) = exported(helm.files, _order(changes)).values()
    rendered = _by_name(_rendered(chart, folder, text))
    for kind, field in (
        ("ConfigMap", lambda each: each["data"]),
        ("Service", lambda each: each["metadata"]["annotations"]),
    ):
        held = field(rendered[kind, CONFIG.name])
        assert [held[f"key-{number}"] for number in range(len(found))] == found


def _order(changes: list[Change]) -> Order:
    return order(*changes, of=CONTROLLER)


def _chart() -> Path:
    """The real chart, which the Go module of the controller carries; the part ingress-nginx is built from it."""
    root = os.environ.get("GOMODCACHE") or Path(os.environ.get("GOPATH") or Path.home() / "go") / "pkg" / "mod"
    charts = sorted(Path(root).glob("k8s.io/ingress-nginx@*/charts/ingress-nginx"))
    if not charts:
        pytest.skip("the ingress-nginx chart is not here; get it with: python parts/build.py --only ingress-nginx")
    return charts[-1]


def _rendered(chart: Path, folder: Path, *values: str) -> list[dict[str, Any]]:
    """The Services and the ConfigMap of the release as the real helm renders them, one values file after another."""
    written({f"{number}.yaml": each for number, each in enumerate(values)}, folder)
    command = [*need("helm").command, "template", "edge", str(chart), "--namespace", "ingress"]
    for number in range(len(values)):
        command += ["-f", str(folder / f"{number}.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    objects = [each for each in yaml.load_all(done.stdout, Loader=KubernetesLoader) if each]
    return [each for each in objects if each["kind"] in {"Service", "ConfigMap"}]


def _by_name(objects: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}
