"""The `newsbot` command: one file a command; every error a user can cause ends in one line and an exit code."""

from __future__ import annotations

import sys

import click
import typer

from newsbot.cli import alerts, cancel, demo, pause, preview, push, run, sandbox, status, stories, subscribers, why
from newsbot.cli.common import Quit
from newsbot.ports import SourceError, StoreDown
from newsbot.procs.runtime import Failed
from newsbot.settings import ConfigError
from newsbot.store.embedded import NoRedis
from newsbot.store.install import WrongRedis

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Breaking-news alerts for chat."
)
for module in (run, sandbox, demo, preview, push, alerts, status, pause, cancel, stories, why, subscribers):
    module.register(app)


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 failed, 2 usage or configuration."""
    try:
        code = app(standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except ConfigError as error:
        code = complain(str(error), 2)
    except Quit as error:
        code = complain(str(error), error.code)
    except (Failed, NoRedis, WrongRedis, StoreDown, SourceError) as error:
        code = complain(str(error), 1)
    except (KeyboardInterrupt, click.exceptions.Abort):
        code = 130
    except BrokenPipeError:
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def complain(line: str, code: int) -> int:
    """Say it on stderr, in one line."""
    print("newsbot: " + " ".join(line.split()), file=sys.stderr)
    return code
