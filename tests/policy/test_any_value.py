"""Whatever stands in a policy, the answer is a policy or one line about it, never another error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from aksess.errors import PolicyError
from aksess.policy import read_policies, resolve
from policy.written_policies import TAGS, TODAY
from robustness.damage import ODD

Path_ = tuple[str | int, ...]
HEAD = {"apiVersion": "aksess.dev/v1alpha1"}
WHOLE: list[dict[str, Any]] = [
    {
        **HEAD,
        "kind": "AccessPolicy",
        "metadata": {"name": "offices", "namespace": "shop"},
        "spec": {
            "targetRefs": [{"kind": "Ingress", "name": "web", "host": "shop.example.com", "path": "/"}],
            "allow": [
                {"cidr": "203.0.113.0/24", "reason": "Berlin", "owner": "ann", "expires": "2027-01-31"},
                {"group": "partners"},
                {"serviceTag": "AzureFrontDoor.Backend"},
            ],
            "deny": [{"address": "203.0.113.7"}],
        },
    },
    {
        **HEAD,
        "kind": "AddressGroup",
        "metadata": {"name": "partners"},
        "spec": {
            "entries": [
                {"cidr": "2001:db8::/32"},
                {"dns": "vpn.example.com"},
                {"url": "https://a.example/", "refresh": "signed-off", "owner": "ann", "expires": "2027-01-31"},
                {"url": "https://a.example/", "sha256": "0" * 64},
            ]
        },
    },
    {
        **HEAD,
        "kind": "ClusterAccessPolicy",
        "metadata": {"name": "cluster"},
        "spec": {
            "apiServer": {"allow": [{"group": "partners"}]},
            "always": [{"address": "192.0.2.10"}],
            "withoutPolicy": "report",
            "egress": {"baseLine": "required"},
        },
    },
]


def paths(value: Any, above: Path_ = ()) -> Iterator[Path_]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield (*above, step)
        yield from paths(each, (*above, step))


def with_(path: Path_, value: Any) -> list[dict[str, Any]]:
    whole = copy.deepcopy(WHOLE)
    holder: Any = whole
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return whole


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates().map(str)
    | st.ip_addresses().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(list(paths(WHOLE))),
    st.sampled_from(list(ODD.values())) | ANYTHING,
    st.sampled_from(["yaml", "json"]),
)
@example((0, "spec", "allow", 1, "group"), "\ud800", "json")
@example((0, "metadata", "name"), "a\nb: [c", "yaml")
def test_any_value_gives_a_policy_or_a_line_about_it(
    tmp_path_factory: pytest.TempPathFactory, path: Path_, value: Any, form: str
) -> None:
    documents = with_(path, value)
    file = tmp_path_factory.getbasetemp() / f"any.{form}"
    if form == "yaml":
        file.write_bytes(yaml.safe_dump_all(documents, allow_unicode=True).encode(errors="surrogatepass"))
    else:
        file.write_text("\n".join(map(json.dumps, documents)))
    try:
        policies = read_policies([file])
    except PolicyError as error:
        assert_one_line(error, file)
        return
    with suppress(PolicyError):
        resolve(policies, TAGS, TODAY, fetch=lambda _: b"203.0.113.7", look_up=lambda _: ["2001:db8::7"])


def assert_one_line(error: PolicyError, file: Path) -> None:
    said = str(error)
    assert said.startswith(f"{file}")
    assert len(said.splitlines()) == 1
    assert "pydantic" not in said
    assert "Input should" not in said
