"""Run a command and say what it took: {"code", "seconds", "memory"} on stdout, memory in bytes at its peak.

    python -S -m tests.benchmarks.measure COMMAND...

A small program of its own: Linux counts the memory of who starts a process towards that process' peak. The command's
own output is thrown away; what it says on stderr is ours.
"""

import json
import os
import sys
import time

KIB = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss differs

with open(os.devnull, "w") as nothing:  # noqa: PTH123  pathlib would be a quarter of the memory here
    began = time.perf_counter()
    out = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 1)]
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=out)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - began
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "memory": usage.ru_maxrss * KIB}))
