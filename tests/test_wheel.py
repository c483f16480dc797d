"""The timing wheel: whatever is armed, refreshed and shortened, flows die at their timeouts and in their order."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore.common import DYING, NEVER
from ctcore.conn import Conn
from ctcore.sysctl import SECOND
from ctcore.wheel import Wheel

TICK = 2**30  # nanoseconds, as ctcore.wheel has it (compiled, its numbers cannot be imported)
HORIZON = 512 * TICK


class Flow(Conn):
    """What the wheel knows of a flow."""

    def __init__(self, number: int, timeout: int) -> None:
        nothing = cast(Any, None)
        super().__init__(nothing, nothing, nothing, b"", b"")
        self.id = number
        self.timeout = timeout


class Model:
    """A wheel, and beside it the plainest thing that could be right: a dictionary that is searched through."""

    def __init__(self) -> None:
        self.wheel = Wheel()
        self.now = 0
        self.alive: dict[int, Flow] = {}
        self.died: list[tuple[int, int]] = []
        self.serial = 0

    def arm(self, seconds: int) -> Flow:
        self.serial += 1
        flow = Flow(self.serial, self.now + seconds)
        self.alive[flow.id] = flow
        self.wheel.arm(flow)
        return flow

    def refresh(self, flow: Flow, timeout: int) -> None:
        """As ``Conn.refresh`` does."""
        flow.timeout = self.now + timeout
        if flow.timeout < flow.armed:
            self.wheel.arm(flow)

    def kill(self, flow: Any) -> None:
        assert not flow.status & DYING, "killed twice"
        flow.status |= DYING
        self.died.append((flow.timeout, flow.id))

    def advance(self, step: int) -> None:
        self.now += step
        due = sorted((f.timeout, f.id) for f in self.alive.values() if f.timeout <= self.now and not f.status & DYING)
        assert not due or self.wheel.next <= self.now, "the wheel would not have been asked"
        self.died = []
        if self.wheel.next <= self.now:
            self.wheel.expire(self.now, self.kill)
        assert self.died == due
        self.alive = {f.id: f for f in self.alive.values() if not f.status & DYING}


DURATIONS = st.one_of(
    st.integers(0, 3 * TICK),
    st.integers(0, 600 * TICK),
    st.integers(0, 432000 * SECOND),
    st.sampled_from([0, 1, TICK - 1, TICK, TICK + 1, HORIZON - 1, HORIZON, HORIZON + 1, 2 * HORIZON]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arm", "arm", "refresh", "delete", "advance", "advance"]), DURATIONS, st.integers(0, 99)
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 2 * 10**18))
@settings(max_examples=200)
def test_any_history_expires_exactly_and_in_order(steps: list[tuple[str, int, int]], start: int) -> None:
    model = Model()
    model.now = start
    for what, duration, which in steps:
        if what == "arm":
            model.arm(duration)
        elif what == "advance":
            model.advance(duration)
        elif model.alive:
            flow = list(model.alive.values())[which % len(model.alive)]
            if what == "refresh":
                model.refresh(flow, duration)
            else:
                flow.status |= DYING
                del model.alive[flow.id]
    model.advance(432000 * SECOND + 2 * HORIZON)
    assert model.alive == {}
    assert model.wheel.next == NEVER


def test_an_empty_wheel_never_asks() -> None:
    wheel = Wheel()
    assert wheel.next == NEVER
    wheel.expire(5, lambda ct: pytest.fail("nothing is there"))
    assert wheel.next == NEVER


@pytest.mark.parametrize(("late", "dead"), [(-1, False), (0, True), (1, True)])
def test_a_flow_is_dead_when_nothing_is_left(late: int, dead: bool) -> None:
    model = Model()
    model.now = 7 * TICK + 3
    flow = model.arm(10 * SECOND)
    model.advance(10 * SECOND + late)
    assert bool(flow.status & DYING) is dead


def test_a_refresh_costs_no_new_place() -> None:
    model = Model()
    flow = model.arm(SECOND)
    armed = flow.armed
    for _ in range(1000):
        model.refresh(flow, 100 * SECOND)
    assert flow.armed == armed
    assert sum(map(len, model.wheel._ticks.values())) == 1


def test_a_shorter_timeout_is_obeyed_at_once() -> None:
    model = Model()
    flow = model.arm(432000 * SECOND)
    model.refresh(flow, SECOND)
    model.advance(SECOND)
    assert flow.status & DYING


def test_dead_flows_are_not_kept_for_days() -> None:
    model = Model()
    for _ in range(100):
        flow = model.arm(432000 * SECOND)
        flow.status |= DYING
        del model.alive[flow.id]
    model.advance(HORIZON + TICK)
    assert model.wheel._ticks == {}


def test_equal_timeouts_die_in_the_order_of_their_making() -> None:
    model = Model()
    flows = [model.arm(SECOND) for _ in range(20)]
    model.advance(SECOND)
    assert [number for _, number in model.died] == [flow.id for flow in flows]


def test_a_wish_to_be_woken_is_heard_without_any_flow() -> None:
    wheel = Wheel()
    wheel.wake(10)
    assert wheel.next == 10
    wheel.expire(10, lambda ct: pytest.fail("nothing is there"))
    assert wheel.next == NEVER


def test_a_kill_may_arm_and_delete_others() -> None:
    model = Model()
    first, second = model.arm(SECOND), model.arm(2 * SECOND)
    third = Flow(99, 3 * SECOND)

    def kill(flow: Any) -> None:
        flow.status |= DYING
        second.status |= DYING
        if flow is first:
            model.wheel.arm(cast(Conn, third))

    model.wheel.expire(10 * SECOND, kill)
    assert third.status & DYING
