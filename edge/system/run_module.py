"""Runs one module of this program as a program; ``edge.system.processes`` starts this very file.

    python -I run_module.py PARENT PATH MODULE [ARGUMENT...]

PARENT is the number of the process that must not be outlived, 0 for none. PATH names the folders
that modules are imported from, with colons between. ``python -m`` will not do: it would import
from the current folder first. -I keeps Python from doing that, and from reading PYTHON* variables.
"""

from __future__ import annotations

import os
import runpy
import sys


def main() -> None:
    """Run the module that the command line names."""
    parent, path, module, *arguments = sys.argv[1:]
    sys.path[:] = path.split(os.pathsep)
    sys.argv[1:] = arguments
    if int(parent):
        from edge.system.processes import die_with_parent

        die_with_parent()
        if os.getppid() != int(parent):  # it ended before the kernel knew
            sys.exit(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
