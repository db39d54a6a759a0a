"""Runs extraction tasks in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import asyncio
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

from edge.dataset.extracting import extractor
from edge.dataset.extracting.extractor import Extracted, ExtractionTask, attempt, tools
from edge.dataset.worker_pool import begin_process, default_jobs
from edge.errors import ConfigError, DependencyError, SourceError
from edge.system.optional_packages import need
from edge.system.processes import spawn_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from typing_extensions import Self

ClipOutcome = Extracted | str
"""A clip's landmarks, or in one line why there are none."""

_AHEAD: Final = 2
"""Tasks for each process that are handed out at a time."""
_AHEAD_DASK: Final = 256
"""Tasks that the scheduler knows at a time, so that a large set costs it no more than a small."""
DEATHS_MAX: Final = 3
"""Tasks in a row that end their process before it is the processes, and not the videos."""
PATIENCE: Final = 30.0
"""Seconds in which a scheduler has to answer, and to have a worker."""


class Workers(Protocol):
    """A context manager that extracts."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, tasks: Iterable[ExtractionTask]) -> Iterator[tuple[ExtractionTask, ClipOutcome]]:
        """Yield each task with its outcome, in the order in which they are done.

        Raises:
            DependencyError: A worker lacks MediaPipe.
            SourceError: The workers are gone.
        """


def open_workers(scheduler: str | None, jobs: int | None, retries: int) -> Workers:
    """Choose the workers: a cluster's where its scheduler is named, else this machine's."""
    if scheduler:
        return DaskWorkers(scheduler, retries)
    return LocalWorkers(jobs or default_jobs())


class LocalWorkers:
    """Processes of this machine. A video that kills its process costs only itself."""

    def __init__(self, jobs: int, work: Callable[[ExtractionTask], ClipOutcome] = attempt) -> None:
        """Start nothing yet.

        Args:
            jobs: How many processes.
            work: What they do; a function that they can import.
        """
        self._jobs = jobs
        self._work = work
        self._pool: ProcessPoolExecutor | None = None
        self._deaths = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_pool()

    def run(self, tasks: Iterable[ExtractionTask]) -> Iterator[tuple[ExtractionTask, ClipOutcome]]:
        """Extract; see Workers."""
        left = iter(tasks)
        waiting: dict[Future[ClipOutcome], ExtractionTask] = {}
        while True:
            free = self._jobs * _AHEAD - len(waiting)
            for task in islice(left, free):
                waiting[self._submit(task)] = task
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            suspects = []
            for future in done:
                task = waiting.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(task)
                else:
                    self._deaths = 0
                    yield task, future.result()
            if suspects:
                suspects += waiting.values()
                waiting.clear()
                self._end_pool()
                yield from self._run_alone(suspects)

    def _run_alone(
        self, suspects: Iterable[ExtractionTask]
    ) -> Iterator[tuple[ExtractionTask, ClipOutcome]]:
        """Find out which of several tasks ended their process."""
        for task in suspects:
            future = self._submit(task)
            if not isinstance(future.exception(), BrokenProcessPool):
                self._deaths = 0
                yield task, future.result()
                continue
            self._end_pool()
            self._deaths += 1
            if self._deaths >= DEATHS_MAX:
                raise SourceError(
                    f"{task.path}: one process after the other is killed; too little memory?"
                )
            yield task, f"{task.path}: kills the process that reads it"

    def _submit(self, task: ExtractionTask) -> Future[ClipOutcome]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._jobs,
                mp_context=spawn_context(),
                initializer=begin_process,
            )
        try:
            return self._pool.submit(self._work, task)
        except BrokenProcessPool as error:  # since the last look
            future: Future[ClipOutcome] = Future()
            future.set_exception(error)
            return future

    def _end_pool(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


class DaskWorkers:
    """Workers of a Dask cluster. Each must see the videos under the same paths."""

    def __init__(self, scheduler: str, retries: int) -> None:
        """Connect to nothing yet.

        Args:
            scheduler: Its address, as ``tcp://host:8786``.
            retries: How often a clip is handed out again that Dask has given up, as it does when
                the fourth worker has died of it.
        """
        self._address = scheduler
        self._retries = retries
        self._client: Any = None

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            DependencyError: Dask is missing here, or sign-edge in a worker.
            SourceError: The scheduler does not answer, or has no workers.
            ConfigError: The address is none, or a worker has other versions than this machine.
        """
        need("distributed")
        from distributed import Client

        try:
            self._client = Client(self._address, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise SourceError(f"{self._address}: no Dask scheduler answers there") from error
        except (ValueError, KeyError) as error:
            raise ConfigError(f"--scheduler {self._address!r}: not an address ({error})") from None
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, tasks: Iterable[ExtractionTask]) -> Iterator[tuple[ExtractionTask, ClipOutcome]]:
        """Extract; see Workers."""
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        left = iter(tasks)
        first = list(islice(left, _AHEAD_DASK))
        known = {self._submit(task): (task, 0) for task in first}
        done = as_completed(list(known), loop=self._client.loop)
        for future in done:
            task, tries = known.pop(future)
            if future.status not in ("finished", "error"):
                raise SourceError(f"{self._address}: the scheduler is gone; start again to go on")
            error = future.exception() if future.status == "error" else None
            if isinstance(error, KilledWorker) and tries < self._retries:
                again = self._submit(task)
                known[again] = (task, tries + 1)
                done.add(again)
                continue
            if isinstance(error, DependencyError):
                raise error
            for more in islice(left, 1):
                new = self._submit(more)
                known[new] = (more, 0)
                done.add(new)
            if error is None:
                yield task, future.result()
            elif isinstance(error, KilledWorker):
                yield task, f"{task.path}: every worker that tried it died"
            else:
                yield task, f"{task.path}: {type(error).__name__}: {error}"

    def _submit(self, task: ExtractionTask) -> Any:  # noqa: ANN401 - Dask may be absent
        return self._client.submit(attempt, task, pure=False)

    def _check_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except (TimeoutError, asyncio.TimeoutError):  # two, before Python 3.11
            raise SourceError(f"{self._address}: has no workers") from None
        ours = tools()
        try:
            theirs = self._client.run(extractor.tools)
        except ImportError as error:
            raise DependencyError(f"{self._address}: a worker lacks sign-edge ({error})") from None
        for worker, versions in theirs.items():
            if versions != ours:
                name, version = next(
                    (n, versions.get(n)) for n in ours if versions.get(n) != ours[n]
                )
                raise ConfigError(f"{worker}: has {name} {version}, this machine {ours[name]}")
