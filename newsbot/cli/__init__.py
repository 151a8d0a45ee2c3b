"""The `newsbot` command: one file a command; every error a user can cause ends in one line and an exit code."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

import typer

from newsbot.cli.common import Quit
from newsbot.ports import SourceError, StoreDown
from newsbot.procs.runtime import CAME_EARLY, Failed
from newsbot.settings import ConfigError
from newsbot.store.embedded import NoRedis
from newsbot.store.install import WrongRedis

MODULES = (
    *("init", "doctor"),
    *("run", "sandbox", "demo", "preview", "push", "drop", "alerts", "status", "pause", "cancel", "doubt"),
    *("stories", "why", "subscribers"),
)
SHARED = {"web": "run", "watcher": "run", "worker": "run", "resume": "pause"}
"""Commands that live in another one's file."""
MOMENT = 0.01
"""Seconds a signal waits that came inside a finalizer."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 usage or configuration, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, early_end)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without Hangul shows "?"
    try:
        code = build(given[0] if given else "")(given, standalone_mode=False, prog_name="newsbot")
    except typer.TyperException as error:
        code = misused(error)
    except typer.Exit as end:
        code = end.exit_code
    except ConfigError as error:
        code = complain(str(error), 2)
    except Quit as error:
        code = complain(str(error), error.code)
    except (Failed, NoRedis, WrongRedis, StoreDown, SourceError) as error:
        code = complain(str(error), 1)
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except BrokenPipeError:
        code = 0
    except OSError as error:  # the output's disk is full
        code = complain(str(error), 1)
    leave(code if isinstance(code, int) else 0, whole=arguments is None)


def leave(code: int, *, whole: bool) -> NoReturn:
    """Leave with this exit code. `whole`: the process is ours alone.

    pyreqwest's own threads let go of a cancelled request after we are done with it, and then take the interpreter's lock;
    while that is being torn down Python aborts ("PyGILState_Release: thread state must be current"). So what Python does
    at its end is done here, and the process is left without tearing down.
    """
    if whole and "pyreqwest" in sys.modules:
        atexit._run_exitfuncs()  # noqa: SLF001  there is no public name for it
        with contextlib.suppress(OSError):  # a closed pipe, a full disk: it was told, or nobody is there
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def early_end(number: int, frame: FrameType | None) -> None:
    """A signal where no event loop takes it: what was begun (a redis-server) is ended on the way out.

    Python drops an exception that comes up inside a finalizer: there it is raised a moment later. It is written down too,
    for whatever else swallows it.
    """
    CAME_EARLY.append(number)
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            signal.signal(signal.SIGALRM, lambda _, later: early_end(number, later))
            signal.setitimer(signal.ITIMER_REAL, MOMENT)
            return
        frame = frame.f_back
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(0)


def build(command: str = "") -> typer.Typer:
    """The command line with this command alone, so that it starts without importing the others; with all by default."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Breaking-news alerts for chat.",
    )
    app.callback()(lambda: None)  # without it a lone command would lose its name
    name = SHARED.get(command, command)
    for module in [name] if name in MODULES else MODULES:
        import_module(f"newsbot.cli.{module}").register(app)
    return app


def misused(error: typer.TyperException) -> int:
    """A command line that makes no sense: one line and 2; no command at all: the help."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(message, file=sys.stderr)
        return 2
    return complain(f"{message.rstrip('.')}. See `newsbot --help`.", 2)


def complain(line: str, code: int) -> int:
    """Say it on stderr, in one line."""
    print("newsbot: " + " ".join(line.split()), file=sys.stderr)
    return code
