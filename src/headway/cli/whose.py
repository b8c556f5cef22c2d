"""Who sits at this machine's command line, as the audit names them."""

from __future__ import annotations

import os
import pwd

from headway.audit.log import By


def at_this_machine() -> By:
    """Return `local:NAME` with the system's name of whoever runs the command; no variable of theirs decides it."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # In a container somebody may run under a number that has no name.
        name = str(os.getuid())
    return By(f"local:{name}")
