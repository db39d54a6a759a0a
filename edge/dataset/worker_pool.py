"""Runs one function over many items in several processes of this machine."""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final, TypeVar

from edge.errors import SourceError
from edge.system.processes import end_with_parent, spawn_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD: Final = 16
"""Items for each process that are handed out at a time; they are short work."""


def spread(work: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """Yield what becomes of each item, in order.

    Args:
        work: A function of a module.
        items: What it is given, one at a time.
        jobs: How many processes; 1 works in this one.

    Raises:
        SourceError: A process was killed.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    pool = ProcessPoolExecutor(jobs, mp_context=spawn_context(), initializer=begin_process)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise SourceError("a process was killed while it read; too little memory?") from None
    finally:
        pool.shutdown(cancel_futures=True)


def default_jobs() -> int:
    """Count the processes that leave this machine usable."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def begin_process() -> None:
    """Prepare a process: it ends with its parent, and leaves talking to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.WARNING)  # outcomes say it
    if not os.environ.get("SIGN_EDGE_NATIVE_LOG"):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)  # MediaPipe's C++ warns of every clip what nobody can change
        os.close(null)
    end_with_parent()
