"""One function over many files, in several processes of this machine."""

from __future__ import annotations

import multiprocessing
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final, TypeVar

from edge.dataset.extracting.workers import begin_process
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
