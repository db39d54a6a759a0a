"""Runs one function over many items in several processes of this machine."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, Final, TypeVar

from edge.errors import SourceError

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
    # MediaPipe's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[Result]] = deque()
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=begin_process)
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
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()


def _end_with(parent: Any) -> None:  # noqa: ANN401 - multiprocessing's own type is private
    """Do not outlive a parent that was killed."""
    with contextlib.suppress(OSError):
        parent.join()
    os._exit(1)
