"""Every shape in which Kubernetes objects and Azure resources come, with the place of each, and every kind of gap."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from aksess.errors import InputError, NothingUnderstood
from aksess.estate import Estate
from aksess.snapshot import Reach, Snapshot, read_files
from shared import shared_path

SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  type: LoadBalancer
  ports:
  - port: 443
"""
GROUP = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/edge",
    "name": "edge",
    "type": "Microsoft.Network/networkSecurityGroups",
    "properties": {"securityRules": [{"name": "a", "properties": {"priority": 100, "access": "Allow"}}]},
}


def read(tmp_path: Path, **files: str | bytes) -> Snapshot:
    for name, content in files.items():
        path = tmp_path / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_files([tmp_path])


def flattened() -> dict[str, object]:
    """The group as ``az`` prints it: properties lifted, other letters."""
    rules = [{"name": "a", "priority": 100, "access": "allow"}]
    return {"id": GROUP["id"], "name": "edge", "type": GROUP["type"], "securityRules": rules}


KUBERNETES = {
    "one document": SERVICE,
    "two documents": f"---\n{SERVICE}---\n",
    "JSON": json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}),
    "a list": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}],
        }
    ),
    "a typed list": json.dumps({"apiVersion": "v1", "kind": "ServiceList", "items": [{"metadata": {"name": "web"}}]}),
    "a YAML list": "apiVersion: v1\nkind: List\nitems:\n"
    + "\n".join(("- " if not i else "  ") + line for i, line in enumerate(SERVICE.splitlines())),
    "JSON values one after another": '{"a":1}'.replace(
        '"a":1', '"apiVersion":"v1","kind":"Service","metadata":{"name":"web"}'
    )
    * 2,
    "with a byte order mark": "\ufeff" + SERVICE,
    "with directives": "%YAML 1.1\n---\n" + SERVICE,
}


@pytest.mark.parametrize("text", KUBERNETES.values(), ids=KUBERNETES)
def test_forms_of_kubernetes_objects(tmp_path: Path, text: str) -> None:
    """Contract §1: single, multi-document, List, kubectl output."""
    snapshot = read(tmp_path, any__yaml=text)
    assert snapshot.objects
    assert {(item.kind, item.name) for item in snapshot.objects} == {("Service", "web")}
    assert not snapshot.unread


AZURE = {
    "a REST body": GROUP,
    "az output": flattened(),
    "an array": [GROUP],
    "a reply": {"value": [GROUP]},
    "Resource Graph": {
        "totalRecords": 1,
        "count": 1,
        "data": [GROUP | {"type": "microsoft.network/networksecuritygroups"}],
    },
    "without its type": {key: value for key, value in GROUP.items() if key != "type"},
}


@pytest.mark.parametrize("value", AZURE.values(), ids=AZURE)
def test_forms_of_azure_resources(tmp_path: Path, value: object) -> None:
    """Contract §1: REST bodies, az output, arrays, replies, Resource Graph."""
    snapshot = read(tmp_path, any__json=json.dumps(value, indent=1))
    (item,) = snapshot.resources
    assert item.type == "microsoft.network/networksecuritygroups"
    assert item.value["securityrules"][0]["priority"] == 100
    assert not snapshot.unread


TAGS = {"name": "Sql", "id": "Sql", "properties": {"addressPrefixes": ["192.0.2.0/24"]}}


@pytest.mark.parametrize("change", [375, "63"], ids=["weekly file", "discovery reply"])
def test_service_tags(tmp_path: Path, change: object) -> None:
    snapshot = read(tmp_path, tags__json=json.dumps({"changeNumber": change, "cloud": "Public", "values": [TAGS]}))
    assert snapshot.tags.names() == ["Sql"]
    assert snapshot.tags.change == str(change)


def test_lines_of_objects_and_fields_in_yaml(tmp_path: Path) -> None:
    snapshot = read(tmp_path, a__yaml=f"# first\n---\n{SERVICE}---\n{SERVICE.replace('web', 'api')}")
    first, second = snapshot.objects
    assert first.place.line() == 3
    assert first.place.line(("metadata", "name")) == 6
    assert first.place.line(("spec", "ports", 0, "port")) == 11
    assert second.place.line() == 13
    assert second.place.line(("spec", "type")) == 19
    assert second.place.line(("spec", "nothing", "there")) == 18, "the nearest that is there"


def test_lines_of_objects_and_fields_in_json(tmp_path: Path) -> None:
    items = [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"s{n}"}, "spec": {"type": "ä"}}
        for n in range(200)
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1, ensure_ascii=False)
    snapshot = read(tmp_path, a__json=text)
    lines = text.splitlines()
    for item in (snapshot.objects[0], snapshot.objects[73], snapshot.objects[199]):
        assert lines[item.place.line(("metadata", "name")) - 1].strip().startswith(f'"name": "{item.name}"')
        assert lines[item.place.line(("spec", "type")) - 1].strip() == '"type": "ä"'


def test_lines_inside_azure_resources_do_not_mind_the_shape(tmp_path: Path) -> None:
    """A field is found through `properties` and in other letters."""
    for value in (GROUP, {"value": [GROUP]}, flattened()):
        text = json.dumps(value, indent=1)
        (item,) = read(tmp_path, a__json=text).resources
        line = text.splitlines()[item.place.line(("SecurityRules", 0, "priority")) - 1]
        assert '"priority": 100' in line


def test_folders_are_read_recursively_and_other_endings_left_out(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.yml").write_text(SERVICE)
    (tmp_path / "deep" / "notes.txt").write_text("nothing")
    snapshot = read_files([tmp_path])
    assert len(snapshot.objects) == 1
    assert snapshot.left_out == 1
    named = read_files([tmp_path / "deep" / "er" / "a.yml"])
    assert named.digest == snapshot.digest, "where files lie does not count"


def test_globs_and_excludes(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "broken.yaml"):
        (tmp_path / name).write_text(SERVICE if name != "broken.yaml" else "a: [")
    assert len(read_files([str(tmp_path / "?.yaml")]).objects) == 2
    assert read_files([tmp_path], exclude=["broken.*"]).unread == ()
    assert len(read_files([tmp_path]).unread) == 1


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Standard:
        buffer = io.BytesIO(SERVICE.encode())

    monkeypatch.setattr("sys.stdin", Standard)
    assert read_files(["-"]).objects[0].place.file == "-"


def test_the_same_file_twice_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE)
    assert len(read_files([path, tmp_path]).objects) == 1


EVERYTHING = {
    "broken YAML": "a: [1,\n",
    "broken JSON": '{"a": ',
    "a cut list": json.dumps({"apiVersion": "v1", "kind": "List", "items": [GROUP]})[:-20],
    "a binary": b"\x00\x01\x02" * 50,
    "not UTF-8": b"kind: \xff\xfe\n",
    "plain text": "just words here\n",
    "a number": "42",
    "values of a chart": "controller:\n  service:\n    type: LoadBalancer\n",
    "a template": "{{- if .Values.x }}\nkind: Service\n{{ end }}\n",
    "an unrendered manifest": SERVICE.replace("web", "'{{ .Release.Name }}'"),
    "an object without metadata": "apiVersion: v1\nkind: Service\n",
    "an object without a name": "apiVersion: v1\nkind: Service\nmetadata: {}\n",
    "a wrong type": SERVICE.replace("443", "many"),
    "an object without a kind": "apiVersion: v1\nkind: 5\nmetadata: {name: a}\n",
    "a kind of another group": "apiVersion: v1\nkind: Ingress\nmetadata: {name: a}\n",
    "a misspelled kind": "apiVersion: networking.k8s.io/v1\nkind: Ingres\nmetadata: {name: a}\n",
    "a generator": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\n",
    "a partial list": json.dumps({"apiVersion": "v1", "kind": "List", "metadata": {"continue": "x"}, "items": []}),
    "a partial reply": json.dumps({"value": [], "nextLink": "https://example.com"}),
    "an error reply": json.dumps({"error": {"code": "AuthorizationFailed", "message": "no"}}),
    "a truncated graph": json.dumps({"count": 0, "data": [], "resultTruncated": "true"}),
    "an ARM template": json.dumps({"$schema": "x", "resources": []}),
    "a Resource Graph table": json.dumps({"data": {"columns": [], "rows": []}}),
    "nested too deep in JSON": "[" * 5000 + "]" * 5000,
    "nested too deep in YAML": "- " * 5000 + "x",
    "very deep flow": "[" * 200_000,
    "an alias bomb": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)),
    "a node that holds itself": "a: &a [*a]\n",
}


@pytest.mark.parametrize("content", EVERYTHING.values(), ids=EVERYTHING)
def test_what_could_hold_anything_reaches_everything(tmp_path: Path, content: str | bytes) -> None:
    """Contract §1: a broken file, a template that was not rendered, a partial read can change every denial."""
    (tmp_path / "good.yaml").write_text(SERVICE)
    (tmp_path / "odd.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    estate = Estate.of(read_files([tmp_path]))
    assert [each.reach for each in estate.unread] == [Reach.EVERYTHING]
    (gap,) = estate.unread
    assert gap.file.endswith("odd.yaml")
    assert "\n" not in gap.reason
    assert 0 < len(gap.reason) < 200


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\n", Reach.CONTROLLER),
        ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: 5\n", Reach.NETWORK_POLICY),
        ("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: a}\n", Reach.NETWORK_POLICY),
        ("apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: a}\n", Reach.CONTROLLER),
        ("apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n", Reach.NOTHING),
    ],
)
def test_other_gaps_reach_as_far_as_their_reader(tmp_path: Path, text: str, reach: Reach) -> None:
    estate = Estate.of(read(tmp_path, a__yaml=SERVICE, b__yaml=text))
    assert [each.reach for each in estate.unread] == [reach]


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n",
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a}\n",
        "# nothing but a comment\n",
        "---\n---\n",
        "",
    ],
)
def test_what_decides_nothing_is_no_gap(tmp_path: Path, text: str) -> None:
    assert not Estate.of(read(tmp_path, a__yaml=SERVICE, b__yaml=text)).unread


def test_one_broken_document_does_not_spoil_its_neighbours(tmp_path: Path) -> None:
    snapshot = read(tmp_path, a__yaml=f"{SERVICE}---\na: [\n---\n{SERVICE.replace('web', 'api')}")
    assert [item.name for item in snapshot.objects] == ["web", "api"]
    (gap,) = snapshot.unread
    assert gap.line >= 10


def test_secret_data_is_dropped_on_reading(tmp_path: Path) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"x": "hidden"}},
        "data": {"p": "hidden"},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [secret] * 80}
    snapshot = read(tmp_path, a__json=json.dumps(secret), b__json=json.dumps(listed), c__yaml=json.dumps(secret))
    assert len(snapshot.objects) == 82
    assert all("hidden" not in json.dumps(item.plain()) for item in snapshot.objects)


def test_two_definitions_of_one_object_are_named(tmp_path: Path) -> None:
    estate = Estate.of(read(tmp_path, a__yaml=SERVICE, b__yaml=SERVICE.replace("443", "80")))
    (gap,) = estate.unread
    assert "given twice" in gap.reason
    assert "a.yaml:1" in gap.reason
    same = Estate.of(read(tmp_path, b__yaml=SERVICE))
    assert not same.unread


def test_an_anchor_may_be_defined_again(tmp_path: Path) -> None:
    """goyaml allows it, PyYAML does not; the newest definition counts."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &x a}\ndata: {one: *x, two: &x b, three: *x}\n"
    (item,) = read(tmp_path, a__yaml=text).objects
    assert item.plain()["data"] == {"one": "a", "two": "b", "three": "b"}
    assert item.place.line(("data", "three")) == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-03-01T10:00:00Z", "2024-03-01T10:00:00Z"),  # no timestamps
        ("1:30", "1:30"),  # no base 60
        ("on", True),
        ("010", 8),
        ("1_000", 1000),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::1", "::1"),
        ("~", None),
    ],
)
def test_scalars_as_kubernetes_reads_them(tmp_path: Path, text: str, value: object) -> None:
    """sigs.k8s.io/yaml: goyaml.v2 resolve.go."""
    (item,) = read(tmp_path, a__yaml=f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx: {text}\n").objects
    assert item.plain()["x"] == value


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_files([tmp_path / "absent"])
    with pytest.raises(NothingUnderstood, match="empty"):
        read_files([tmp_path])
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(NothingUnderstood, match="files of other kinds"):
        read_files([tmp_path])
    (tmp_path / "a.yaml").write_text("a: 1")
    with pytest.raises(NothingUnderstood, match=r"a\.yaml"):
        read_files([tmp_path])
    with pytest.raises(InputError, match="no input"):
        read_files([])


@pytest.mark.parametrize("folder", ["manifests", "arm"])
def test_real_files_are_read_or_listed(folder: str) -> None:
    """Manifests from real repositories and recorded Azure replies: each file gives something or stands in `unread`."""
    root = shared_path("data", folder)
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.suffix == ".md":
            continue
        assert _gaps_of(path) is not None


def _gaps_of(path: Path) -> list[str]:
    """Why parts of a file were not understood; for a file in which nothing was, the error, which must name it."""
    try:
        return [gap.reason for gap in Estate.of(read_files([path])).unread if gap.reason or pytest.fail("no reason")]
    except NothingUnderstood as error:
        return [str(error)] if str(path) in str(error) else pytest.fail(f"the error does not name {path}")
