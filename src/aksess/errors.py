"""Every error that aksess raises on purpose, in one tree.

    AksessError
    ├── UsageError            the question cannot be asked like this
    │   ├── SourceError       the source is no address, range, tag or group
    │   └── TargetError       the target is malformed or not in the estate
    ├── InputError            the input cannot be read at all
    │   └── NothingUnderstood something was read, but nothing in it was understood
    ├── ParseError            a value is not what the system that reads it accepts
    ├── PolicyError           a policy cannot be read, resolved, or told apart from another
    ├── PlanRefused           no plan leads from the estate to the policies, or a plan is not what it should be
    │   └── ExportRefused     a format cannot say one of the changes
    └── LabFailed             an estate cannot be played as packets here
        ├── PartMissing       a real program is not on this machine
        ├── ProgramFailed     a real program could not do what it was asked
        └── ApiRefused        the API server refused a request

A message says what is wrong, where, and what to do, in one line. The command line prints it and ends with
exit code 1; a traceback appears only with ``--debug``. `ParseError` is caught inside the package: callers turn
it into a finding or an `unread` entry, never into a stop.
"""

from __future__ import annotations

__all__ = [
    "AksessError",
    "ApiRefused",
    "ExportRefused",
    "InputError",
    "LabFailed",
    "NothingUnderstood",
    "ParseError",
    "PartMissing",
    "PlanRefused",
    "PolicyError",
    "ProgramFailed",
    "SourceError",
    "TargetError",
    "UsageError",
]


class AksessError(Exception):
    """Base of all. ``str()`` gives the one line that people read.

    Args:
        what: What is wrong.
        where: File and line, or the option; empty where there is no place to name.
        hint: What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        # names in the input may hold line breaks; the message is one line all the same
        return " ".join((f"{line} ({self.hint})" if self.hint else line).splitlines())


class UsageError(AksessError):
    """The question cannot be asked like this."""


class SourceError(UsageError):
    """A source that is no address, no range, no service tag and no address group."""


class TargetError(UsageError):
    """A target that is malformed, or that nothing in the estate answers to."""


class InputError(AksessError):
    """A path that does not exist or cannot be read, or an input that is missing."""


class NothingUnderstood(InputError):
    """The input was read and nothing in it is a Kubernetes object or an Azure reply."""


class ParseError(AksessError):
    """A value that the system reading it would refuse, with that system's reason."""


class PolicyError(AksessError):
    """A policy that cannot be read, resolved, or told apart from another; the message names file, line and field."""


class PlanRefused(AksessError):
    """No plan leads from this estate to these policies, or a stored plan is not what it should be."""


class ExportRefused(PlanRefused):
    """A format that cannot say one of the changes, with the nearest way."""


class LabFailed(AksessError):
    """A lab that could not be built, or that died."""


class PartMissing(LabFailed):
    """A real program that is not on this machine; the message names the command that gets it."""


class ProgramFailed(LabFailed):
    """A real program that could not do what it was asked, with the last thing it said."""


class ApiRefused(LabFailed):
    """A request that the API server refused, with its own words.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, status: int, what: str, *, where: str = "") -> None:
        super().__init__(what, where=where)
        self.status = status
