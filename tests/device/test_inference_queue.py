"""What other threads ask of the inference thread: in order, bounded, and answered."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from edge.device.inference_queue import InferenceQueue
from edge.errors import ConfigError, EdgeError

MOST = 32


def fail() -> None:
    """Be refused."""
    raise ConfigError("there is none")


def test_orders_and_questions_are_worked_off_in_the_order_they_came() -> None:
    queue, done = InferenceQueue(), list[str]()

    def question() -> int:
        done.append("question")
        return len(done)

    queue.put(lambda: done.append("order"))
    answer = queue.submit(question)
    queue.put(lambda: done.append("order"))
    assert done == []
    queue.run()
    assert done == ["order", "question", "order"]
    assert answer.result(0) == 2


def test_what_goes_wrong_is_raised_where_it_was_asked_for() -> None:
    queue = InferenceQueue()
    answer = queue.submit(fail)
    queue.run()
    with pytest.raises(ConfigError, match="there is none"):
        answer.result(0)


def test_order_that_fails_ends_the_thread_that_runs_it() -> None:
    queue = InferenceQueue()
    queue.put(fail)
    with pytest.raises(ConfigError):
        queue.run()


def test_of_too_many_orders_the_newest_are_kept() -> None:
    queue, done = InferenceQueue(), list[int]()
    for number in range(MOST + 8):
        queue.put(lambda number=number: done.append(number))  # type: ignore[misc]
    queue.run()
    assert done == list(range(8, MOST + 8))


def test_question_that_gives_way_to_an_order_is_answered_all_the_same() -> None:
    queue = InferenceQueue()
    answer, given_up = queue.submit(lambda: 1), queue.submit(lambda: 2)
    given_up.cancel()
    for _ in range(MOST):
        queue.put(lambda: None)
    with pytest.raises(EdgeError, match="too busy"):
        answer.result(0)
    assert given_up.cancelled()


def test_too_many_questions_are_refused() -> None:
    queue = InferenceQueue()
    for _ in range(MOST):
        queue.submit(lambda: None)
    with pytest.raises(EdgeError, match="too busy"):
        queue.submit(lambda: None)
    queue.run()
    queue.submit(lambda: None)


def test_nothing_is_done_for_who_has_stopped_waiting() -> None:
    queue, done = InferenceQueue(), list[int]()
    queue.submit(lambda: done.append(1)).cancel()
    queue.run()
    assert done == []


def test_many_threads_are_all_answered() -> None:
    queue, answers = InferenceQueue(), list[Future[int]]()

    def ask() -> None:
        for number in range(50):
            while True:
                try:
                    answers.append(queue.submit(lambda number=number: number))  # type: ignore[misc]
                    break
                except EdgeError:
                    pass

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        queue.run()
    queue.run()
    assert sorted(answer.result(0) for answer in answers) == sorted(list(range(50)) * 4)
