"""The command line: thin shells over `aksess.library`, one module a command.

Commands are loaded when they are called, so that ``aksess --help`` imports nothing but itself. Results go to stdout,
everything else to stderr. Exit codes are those of the contract: 0 done, 1 could not do the job, 2 done and there is
something to act on.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from aksess import __version__

__all__ = ["app", "main"]

_COMMANDS = {
    "explain": "What happens to a source at a target, hop by hop, and which rule decides.",
    "who": "Who exactly reaches a target, and what narrows that.",
    "audit": "Every way into every application, who gets in, and what is wrong.",
    "diff": "Who gains and who loses access from one estate to another.",
    "egress": "What the cluster needs to send out, and whether it may.",
    "policy": "Who may reach what, as a document: write today's, check one.",
    "plan": "What to change so that the estate is what policies say, who gains and who loses by it.",
    "show": "A stored plan, as it was printed.",
    "export": "A plan as files that carry it out: scripts, patches, templates.",
    "predict": "Write the estate as it will be after a plan.",
    "rehearse": "The estate as real packets on this machine, against what the answers say.",
    "checks": "What audit looks for: the list, or the page of one check.",
    "demo": "Write a small estate with planted faults to try all this on.",
}

app = App(
    "aksess",
    help="Who can reach an application on AKS, through which rule, and why. It changes nothing by itself.",
    version=f"aksess {__version__}",
    version_flags=["--version"],
    help_format="plaintext",
    result_action="return_value",
    help_epilogue="Exit codes: 0 nothing to act on, 1 could not do the job, 2 something to act on.",
)
for _name, _help in _COMMANDS.items():
    app.command(f"aksess.cli.{_name}:{_name}", name=_name, help=_help)
app.register_install_completion_command(name="install-completion", help="Install completion for the current shell.")


def main(tokens: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    gc.disable()  # one question, then the process ends: collecting costs a third of its time and frees next to nothing
    arguments = list(sys.argv[1:] if tokens is None else tokens)
    debug = "--debug" in arguments
    try:
        code = app([each for each in arguments if each != "--debug"], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        sys.exit(_failed(_usage(error)))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(_closed())
    except Exception as error:
        if debug:
            raise
        sys.exit(_failed(_told(error)))
    sys.exit(code or 0)


def _usage(error: CycloptsError) -> str:
    command = " ".join(["aksess", *(error.command_chain or ())])
    line = " ".join(str(error).split())
    return f"{line} (see {command} --help)"


def _told(error: Exception) -> str:
    from aksess.errors import AksessError

    if isinstance(error, AksessError):
        return str(error)
    return f"this should not have happened: {type(error).__name__}: {error} (run again with --debug and report it)"


def _failed(line: str) -> int:
    print(f"aksess: {line}", file=sys.stderr)
    return 1


def _closed() -> int:
    """The reader of stdout went away; nothing more can be said, and nothing is wrong."""
    sys.stderr.close()
    return 0
