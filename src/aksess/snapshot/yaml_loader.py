"""The YAML loaders: libyaml's parser with the scalars of Kubernetes' reader.

Timestamps stay strings and base-60 numbers do not exist, the YAML 1.1 booleans (``on``, ``yes``) do; keys become texts,
because everything is JSON to Kubernetes. `PatientLoader` also lets an anchor be defined again, which Go's reader allows
and PyYAML refuses; it composes in Python and is slower, so it is asked only when the fast one has refused.

Source: sigs.k8s.io/yaml (goyaml.v2 resolve.go).
"""

from __future__ import annotations

import re
from math import isinf
from typing import Any, ClassVar

import yaml
from yaml.composer import Composer
from yaml.constructor import ConstructorError

__all__ = ["KubernetesLoader", "PatientLoader", "compose", "is_redefinition"]


_FLOAT = (
    r"[-+]?(?:\d[\d_]*)?\.\d+(?:[eE][-+]?\d+)?|[-+]?\d[\d_]*\.?[eE][-+]?\d+|[-+]?\d[\d_]*\."
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SCALARS = (
    ("bool", r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", list("yYnNtTfFoO")),
    ("int", r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?(?:0|[1-9][0-9_]*)", list("-+0123456789")),
    ("float", _FLOAT, list("-+0123456789.")),
    ("merge", r"<<", ["<"]),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
)
"""Tag, pattern and first characters of every scalar that is no plain string."""


class KubernetesLoader(yaml.CSafeLoader):
    """SafeLoader with the scalars of Go's reader."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are texts, as JSON has them: ``9000: shop/web:80`` is about ``"9000"``."""
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        if all(type(key) is str for key in found):
            return found
        return {_key_text(key): value for key, value in found.items()}


for _tag, _pattern, _first in _SCALARS:
    KubernetesLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def _key_text(key: Any) -> Any:
    """A key as sigs.k8s.io/yaml `convertToJSONableObject` writes it; what it refuses stays as it is."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key) if isinstance(key, int) else f"{key:g}" if isinstance(key, float) else key


def _construct_int(loader: KubernetesLoader, node: yaml.ScalarNode) -> int | float | str:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    for prefix, base in (("0b", 2), ("0o", 8), ("0x", 16)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    if len(digits) > 1 and digits.startswith("0"):
        return sign * int(digits, 8)
    if len(digits) < 30 and -(1 << 63) <= sign * int(digits) < 1 << 64:
        return sign * int(digits)
    # beyond 64 bits Go reads a float, and beyond those a text
    number = float(digits)
    return str(node.value) if isinf(number) else sign * number


def _construct_bool(loader: KubernetesLoader, node: yaml.ScalarNode) -> bool:
    text = str(loader.construct_scalar(node)).lower()
    if text not in _TRUE | _FALSE:
        raise ConstructorError(None, None, f"{node.value!r} is no boolean", node.start_mark)
    return text in _TRUE


def _construct_text(loader: KubernetesLoader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_TRUE = frozenset({"y", "yes", "true", "on"})
_FALSE = frozenset({"n", "no", "false", "off"})

KubernetesLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
KubernetesLoader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)
KubernetesLoader.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)


class PatientLoader(Composer, KubernetesLoader):
    """`KubernetesLoader` in which an anchor may be defined again; the newest definition counts."""

    def __init__(self, stream: str) -> None:
        KubernetesLoader.__init__(self, stream)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Forget an earlier anchor of the same name before composing."""
        event = self.peek_event()
        if not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(getattr(event, "anchor", None), None)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def is_redefinition(error: yaml.YAMLError) -> bool:
    """Whether an error only says that an anchor is defined twice."""
    return isinstance(error, yaml.MarkedYAMLError) and "duplicate anchor" in (error.context or "")


def compose(text: str) -> yaml.Node | None:
    """The node tree of a document that was loaded before, with marks."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=KubernetesLoader)
    except yaml.YAMLError as error:
        if not is_redefinition(error):
            raise
        node = yaml.compose(text, Loader=PatientLoader)
    return node
