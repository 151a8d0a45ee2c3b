"""What every process of a row has in common: it does not outlive the harness, however that one ends."""

from __future__ import annotations

import ctypes
import signal

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""

LIBC = ctypes.CDLL(None, use_errno=True)


def ends_with_us() -> None:
    """For `preexec_fn`: SIGKILL for the child when its parent is gone (Linux; elsewhere nothing)."""
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
