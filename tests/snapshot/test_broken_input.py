"""Faults of reading that random damage showed, each as the smallest input that shows it; named after the symptom."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aksess.errors import NothingUnderstood
from aksess.estate import Estate
from aksess.snapshot import Reach, Snapshot, read_files, yaml_text
from aksess.snapshot.archive import write
from aksess.snapshot.places import StoredPlace
from aksess.snapshot.recognition import Collector

GOOD = "apiVersion: v1\nkind: Namespace\nmetadata: {name: good}\n"
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/edge"


def read(tmp_path: Path, name: str, content: str | bytes) -> Snapshot:
    """The snapshot of one file beside one that is whole."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_files([tmp_path])


def taken(*values: Any) -> Collector:
    collector = Collector()
    for value in values:
        collector.take(value, StoredPlace("a.json", 1))
    return collector


# --- YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scalar", ["!!timestamp nonsense", "!!timestamp 99-99-99"])
def test_a_tagged_timestamp_was_a_crash(tmp_path: Path, scalar: str) -> None:
    (item, _) = read(tmp_path, "a.yaml", GOOD.replace("good", scalar)).objects
    assert isinstance(item.name, str)


@pytest.mark.parametrize("scalar", ["!!bool perhaps", "!!int [1]", "!!int nine", "!!bool [yes]"])
def test_a_tagged_scalar_of_another_kind_was_some_value(tmp_path: Path, scalar: str) -> None:
    (gap,) = read(tmp_path, "a.yaml", f"a: {scalar}\n").unread
    assert gap.reach == Reach.EVERYTHING


@pytest.mark.parametrize("number", ["1" + "0" * 40, "18446744073709551616", "-9223372036854775809"])
def test_a_number_beyond_64_bits_became_a_name(tmp_path: Path, number: str) -> None:
    """goyaml reads a float there, which the API server refuses as a name; as a text it would be another name."""
    snapshot = read(tmp_path, "a.yaml", GOOD.replace("good", number))
    assert [item.name for item in snapshot.objects] == ["good"]
    assert len(snapshot.unread) == 1


def test_keys_that_are_no_texts_made_a_config_map_unreadable(tmp_path: Path) -> None:
    """`tcp-services` is commonly written with bare port numbers for keys; Kubernetes reads them as texts."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tcp}\ndata: {9000: shop/web:80, on: a, 1.5: b}\n"
    estate = Estate.of(read(tmp_path, "a.yaml", text))
    assert estate.config_map("default", "tcp") == {"9000": "shop/web:80", "true": "a", "1.5": "b"}


def test_a_stream_of_markers_filled_the_memory(tmp_path: Path) -> None:
    text = "---\n" * 200_000
    assert not read(tmp_path, "a.yaml", text).unread
    tracemalloc.start()
    assert list(yaml_text.documents("a.yaml", text)) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


def test_too_many_documents_are_one_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "MAX_DOCUMENTS", 3)
    text = "---\n".join([GOOD.replace("good", f"n{number}") for number in range(9)])
    snapshot = read(tmp_path, "a.yaml", text)
    assert len(snapshot.objects) == 1 + 3
    (gap,) = snapshot.unread
    assert gap.line == 12
    assert "not read" in gap.reason


# --- JSON -------------------------------------------------------------------------------------------------------------


def test_json_documents_with_markers_were_taken_twice(tmp_path: Path) -> None:
    """``{…}\\n---\\n{…}``: the first value was taken as JSON before the whole was read as YAML."""
    one, other = (json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}) for name in "ab")
    for text in (f"{one}\n---\n{other}\n", f"{one}\n# the first\n---\n{other}\n"):
        snapshot = read(tmp_path, "a.json", text)
        assert sorted(item.name for item in snapshot.objects) == ["a", "b", "good"]
        assert not snapshot.unread


def test_half_a_character_could_not_be_printed_as_json(tmp_path: Path) -> None:
    """Python's reader takes a lone surrogate, nobody else does; such a text cannot be written again."""
    head = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a\\ud800"}}'
    for text in (head, f"{{}} {head}", f"[{head}] {{}}"):
        snapshot = read(tmp_path, "a.json", text)
        assert [gap.reach for gap in snapshot.unread] == [Reach.EVERYTHING]
        assert [item.name for item in snapshot.objects] == ["good"]


@pytest.mark.parametrize("depth", [400, 900], ids=str)
@pytest.mark.parametrize(
    "shape", [("[", "]"), ('{"value":[', "]}"), ('{"items":[', '],"kind":"List","apiVersion":"v1"}')]
)
def test_json_nested_deeper_than_python_follows_was_a_crash(tmp_path: Path, shape: tuple[str, str], depth: int) -> None:
    (gap, *_) = read(tmp_path, "a.json", shape[0] * depth + "1" + shape[1] * depth).unread
    assert gap.reach == Reach.EVERYTHING


def test_the_line_of_a_field_beside_a_deep_one_was_a_crash(tmp_path: Path) -> None:
    deep = "[" * 900 + "]" * 900
    text = f'{{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "web"}}, "x": {deep},\n"spec": {{}}}}'
    (item, _) = read(tmp_path, "a.json", text).objects
    assert item.place.line(("spec", "type")) >= 1
    (gap,) = Estate.of(read_files([tmp_path])).unread
    assert "nested too deep" in gap.reason


def test_a_large_broken_json_file_was_called_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "MAX_BYTES", 100)
    (gap,) = read(tmp_path, "a.json", '{"a": [' + "1, " * 100 + "3}").unread
    assert "broken JSON" in gap.reason


def test_a_list_of_a_million_numbers_was_a_million_gaps(tmp_path: Path) -> None:
    (gap,) = read(tmp_path, "a.json", json.dumps([*range(1_000_000)])).unread
    assert "999,999 more" in gap.reason


def test_plain_values_among_objects_are_one_gap() -> None:
    collector = taken([1, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}, "x", None])
    assert [item.name for item in collector.objects] == ["a"]
    assert len(collector.unread) == 1


# --- what a document is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", ["", 0, False, {}, "x", 5])
def test_a_list_whose_items_are_no_list_was_an_empty_list(items: Any) -> None:
    collector = taken({"apiVersion": "v1", "kind": "List", "items": items})
    assert [gap.reach for gap in collector.unread] == [Reach.EVERYTHING]
    assert not taken({"apiVersion": "v1", "kind": "List", "items": None}).unread


@pytest.mark.parametrize("field", ["id", "type", "name"])
@pytest.mark.parametrize("value", [["x"], {"x": 1}, 5])
def test_a_resource_without_a_usable_id_was_another_resource(field: str, value: Any) -> None:
    """It was kept under an empty id, where nothing found it, and its absence denied."""
    body = {"id": GROUP, "name": "edge", "type": "Microsoft.Network/networkSecurityGroups", field: value}
    collector = taken(body)
    assert not collector.resources
    assert [gap.reach for gap in collector.unread] == [Reach.EVERYTHING]


@pytest.mark.parametrize("values", [5, "x", {"a": 1}, True])
def test_service_tags_that_are_no_list_were_a_crash(values: Any) -> None:
    assert taken({"id": GROUP, "name": "x", "values": values, "changeNumber": 1}).unread


def test_a_reason_with_line_breaks_was_several_lines(tmp_path: Path) -> None:
    text = GOOD.replace("Namespace", "Service").replace("good", '"a\\nb\\u2028c"') + 'spec: {type: "x\\ny"}\n'
    (gap,) = Estate.of(read(tmp_path, "a.yaml", text)).unread
    assert len(gap.reason.splitlines()) == len(gap.label.splitlines()) == 1
    huge = GOOD.replace("Namespace", "Service") + f"spec: {{type: {'x' * 5000}}}\n"
    (gap,) = Estate.of(read(tmp_path, "a.yaml", huge)).unread
    assert len(gap.reason) < 400


# --- snapshots --------------------------------------------------------------------------------------------------------


def archived() -> bytes:
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "uid": os.urandom(9).hex()}}
        for n in range(50)
    ]
    return write(taken(*pods))


def test_a_snapshot_that_is_cut_off_was_a_smaller_snapshot(tmp_path: Path) -> None:
    """Cut where a line ends, it looked like a whole one."""
    head, *lines = gzip.decompress(archived()).split(b"\n")
    packer = zlib.compressobj(wbits=31)
    part = packer.compress(b"\n".join([head, *lines[:7]])) + packer.flush(zlib.Z_SYNC_FLUSH)
    snapshot = read(tmp_path, "a.aksess", part)
    assert [gap.reach for gap in snapshot.unread] == [Reach.EVERYTHING]


def test_a_snapshot_cut_anywhere_is_a_gap(tmp_path: Path) -> None:
    whole = archived()
    assert len(read(tmp_path, "a.aksess", whole).objects) == 51
    for end in range(20, len(whole), 37):
        snapshot = read(tmp_path, "a.aksess", whole[:end])
        assert [gap.reach for gap in snapshot.unread] == [Reach.EVERYTHING], end


@pytest.mark.parametrize(
    "entry",
    ["5", "[]", '"x"', '{"object": 5}', '{"resource": {"id": "/x"}, "type": ["x"]}', '{"unread": {"file": 5}}',
     '{"tags": {"values": 5}}', '{"effective": "x"}', '{"file": 5, "object": {}}', '{"line": "x"}', '{"new": 1}', "{"],
)  # fmt: skip
def test_a_snapshot_of_wrong_types_was_a_crash_or_nothing(tmp_path: Path, entry: str) -> None:
    data = gzip.compress(b'{"aksess":"snapshot","version":"1"}\n' + entry.encode())
    assert [gap.reach for gap in read(tmp_path, "a.aksess", data).unread] == [Reach.EVERYTHING]


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_folder_that_may_not_be_opened_was_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    (gap,) = read(tmp_path, "a.yaml", GOOD).unread
    assert gap.file.endswith("closed")
    assert gap.reach == Reach.EVERYTHING


def test_a_file_name_that_is_no_text_could_not_be_printed_as_json(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.yaml")).write_text("a: [")
    (gap,) = read_files([tmp_path]).unread
    assert msgspec.json.encode(gap.file)


def test_links_to_folders_are_counted_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    snapshot = read(tmp_path, "a.yaml", GOOD.replace("good", "other"))
    assert len(snapshot.objects) == 2
    assert snapshot.left_out == 1


def test_an_error_with_line_breaks_was_several_lines(tmp_path: Path) -> None:
    (tmp_path / "two\nlines.yaml").write_text("a: 1")
    with pytest.raises(NothingUnderstood) as caught:
        read_files([tmp_path])
    assert len(str(caught.value).splitlines()) == 1
