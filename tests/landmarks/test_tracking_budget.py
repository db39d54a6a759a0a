"""The tracker's budget: cheaper when there is no time, better again when there is."""

from __future__ import annotations

from edge.landmarks.tracking.budget import PLANS, Budget

FPS = 15.0


def run(budget: Budget, seconds: float, cost: float, begun: float = 0.0) -> list[int]:
    """Spend for so long; a frame of the first plan costs ``cost`` seconds."""
    levels = []
    for k in range(round(seconds * FPS)):
        budget.spend(begun + k / FPS, cost * budget.plan.cost)
        levels.append(PLANS.index(budget.plan))
    return levels


def test_quick_device_keeps_the_best_plan() -> None:
    assert set(run(Budget(12.0), 20, 0.03)) == {0}


def test_slow_device_takes_the_cheapest_plan_within_seconds() -> None:
    levels = run(Budget(12.0), 5, 0.3)
    assert levels == sorted(levels)
    assert levels[-1] == len(PLANS) - 1


def test_plan_between_is_held_without_swinging() -> None:
    budget = Budget(12.0)
    levels = run(budget, 60, 0.08)
    assert 0 < levels[-1] < len(PLANS) - 1
    assert len(set(levels[-round(40 * FPS) :])) == 1


def test_better_plan_comes_back_some_seconds_after_the_load_is_gone() -> None:
    budget = Budget(12.0)
    run(budget, 5, 0.3)
    levels = run(budget, 30, 0.02, begun=5.0)
    assert levels[round(2 * FPS)] == len(PLANS) - 1  # not at once
    assert levels[-1] == 0


def test_one_slow_frame_changes_nothing() -> None:
    budget = Budget(12.0)
    run(budget, 5, 0.03)
    budget.spend(5.0, 0.25)
    assert budget.plan == PLANS[0]
