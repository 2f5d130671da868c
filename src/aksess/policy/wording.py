"""What is wrong with a document, in the words of the person who wrote it: which field, what is wrong, what to do.

pydantic knows what is wrong and where; it says so for programmers. Each of its error types gets a sentence here, and
none of its own reaches anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from aksess.policy.documents import Entry, GroupEntry, shown

__all__ = ["Mistake", "first_mistake"]

_SENTENCES = {
    "missing": ("is missing", "add it"),
    "tuple_type": ("is no list", "write its members one below the other, each after a dash"),
    "model_type": ("is no mapping", "write its fields below it"),
    "string_type": ("is no text", "put it in quotes"),
    "string_unicode": ("is no text", "take out what is no Unicode"),
    "bool_type": ("is neither true nor false", "write true or false, without quotes"),
    "too_short": ("is empty", "list at least one"),
    "string_too_short": ("is empty", "give it a value, or take the field out"),
    "string_pattern_mismatch": ("is no SHA-256 digest", "write its 64 digits in small letters, as sha256sum does"),
}
"""What is wrong and what to do, by pydantic's type of the error."""


class Mistake(NamedTuple):
    """One mistake in a document."""

    path: tuple[str | int, ...]
    what: str
    hint: str


def first_mistake(error: ValidationError, model: type[BaseModel]) -> Mistake:
    """The mistake to mend first, with how many more there are.

    A field that does not exist comes before others: a slip in its name is why another one is missing.
    """
    errors = _without_echoes(error.errors(include_url=False))
    first = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    path = tuple(first["loc"])
    if first["type"] == "extra_forbidden":
        what, hint = "there is no such field", _nearest(model, path)
    else:
        what, hint = _sentence(first["type"], first["msg"], first.get("input"), first.get("ctx", {}))
    more = len(errors) - 1
    if more:
        hint = f"{hint}; {more} more mistake{'s' if more > 1 else ''} in this document".removeprefix("; ")
    return Mistake(path, what, hint)


def _without_echoes(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without the lists that are too short only because pydantic does not count their wrong members."""
    inner = {each["loc"][:length] for each in errors for length in range(len(each["loc"]))}
    return [each for each in errors if each["type"] != "too_short" or each["loc"] not in inner]


def _sentence(kind: str, message: str, value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "aksess":
        return context["what"], context["hint"]
    if kind == "literal_error":
        words = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{shown(value)} is not {'one of ' if ', ' in words else ''}{words}", ""
    if kind == "string_too_long":
        return f"is longer than {context['max_length']} characters", "make it shorter"
    if kind.startswith("date_"):
        return f"{shown(value)} is no day of the calendar", "write it as 2027-01-31"
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return message[:1].lower() + message[1:], ""


def _nearest(model: type[BaseModel], path: Sequence[str | int]) -> str:
    """What was probably meant by a field that does not exist."""
    holder, name = _at(model, path[:-1]), str(path[-1])
    fields = [field.alias or plain for plain, field in holder.model_fields.items()]
    if holder is Entry and name in GroupEntry.model_fields:
        return "write it in an AddressGroup, and name the group here"
    nearest = get_close_matches(name, fields, 1)
    return f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(fields)}"


def _at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model of the mapping that a path leads to."""
    for step in path:
        for plain, field in model.model_fields.items():
            if (field.alias or plain) == step:
                model = _inside(field.annotation) or model
    return model


def _inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _inside(each)) is not None), None)
