"""newsbot processes by the dozen: everything is imported once, and each line of JSON on stdin forks one.

    {"arguments": ["worker"], "environ": {…}, "folder": "…", "log": "…", "unlimited": false}

On stdout: {"pid": …} for each line, in their order, and {"ended": pid, "status": …} whenever one has ended. A fork that
starts in a tenth of a second is what makes hundreds of kills affordable; it is a process like any other from there on,
and goes through the same `main`. When stdin closes, what still runs is killed: nothing outlives the harness.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any, NoReturn

from newsbot import platforms
from newsbot.cli import main
from newsbot.cli.run import start
from tests.benchmarks.worker import unlimited

CHILDREN: set[int] = set()


def become(order: dict[str, Any]) -> NoReturn:
    """In the fork: that newsbot process, until it ends."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environ"])
        sys.argv = ["newsbot", *order["arguments"]]
        if order["unlimited"]:
            start(unlimited)
            code = 0
        else:
            main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  a fork must never return into the nursery's own loop
        traceback.print_exc()
    finally:
        os._exit(code)


def tell(**facts: int) -> None:
    """One line to the harness; whole, whoever interrupts whom."""
    os.write(1, json.dumps(facts).encode() + b"\n")


def collect(*_: object) -> None:
    """Say which children have ended."""
    while CHILDREN:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        CHILDREN.discard(pid)
        tell(ended=pid, status=os.waitstatus_to_exitcode(status))


def serve() -> None:
    """Fork on demand until nobody asks any more."""
    for name in platforms.PLATFORMS:
        platforms.load(name)
    signal.signal(signal.SIGCHLD, collect)
    tell(ready=os.getpid())
    for line in sys.stdin:
        order = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # told of its end after it was told of its birth
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            become(order)
        CHILDREN.add(pid)
        tell(pid=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for pid in list(CHILDREN):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    serve()
