"""Plans fit their hours, obey the rules, and are as good as a linear programme's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog
from scipy.sparse import block_array, eye_array, kron

from ml.assignment import UNPLANNED, answers_bound, assign, hour_prices, plan_hours, planned_values


def most_answers(probabilities, capacity, legal):
    """The same question put to a linear programme."""
    contacts, hours = probabilities.shape
    once = kron(eye_array(contacts), np.ones((1, hours)))
    room = kron(np.ones((1, contacts)), eye_array(hours))
    found = linprog(
        -np.where(legal, probabilities, -1).ravel(),
        A_ub=block_array([[once], [room]], format="csr"),
        b_ub=np.concatenate([np.ones(contacts), capacity]),
        bounds=(0, 1),
    )
    return -found.fun


def a_list(seed, contacts, hours=24, rounding=6):
    rng = np.random.default_rng(seed)
    level = rng.normal(-2.2, 0.75, (contacts, 1))
    rhythm = rng.normal(0, 0.5, (contacts, 1)) * np.cos(
        (np.arange(hours) - rng.integers(hours)) / hours * 2 * np.pi
    )
    curve = 0.6 * np.sin(np.arange(hours) / hours * 2 * np.pi)
    return np.round(1 / (1 + np.exp(-level - rhythm - curve)), rounding).astype(np.float32)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    contacts=st.integers(1, 90),
    hours=st.integers(2, 8),
    rounding=st.sampled_from([1, 2, 6]),
    room=st.sampled_from([0.3, 1.0, 1.6]),
    allowed=st.sampled_from([0.3, 0.8, 1.0]),
)
def test_small_plans_are_as_good_as_a_linear_programme(seed, contacts, hours, rounding, room, allowed):
    rng = np.random.default_rng(seed)
    chances = a_list(seed, contacts, hours, rounding)
    legal = rng.random((contacts, hours)) < allowed
    capacity = rng.multinomial(int(contacts * room), np.full(hours, 1 / hours))
    plan = plan_hours(chances, capacity, legal)
    planned = plan != UNPLANNED
    assert (np.bincount(plan[planned], minlength=hours) <= capacity).all()
    assert legal[planned, plan[planned]].all()
    best = most_answers(chances, capacity, legal)
    assert planned_values(chances, plan).sum(dtype=float) == pytest.approx(best, abs=1e-4)
    assert answers_bound(chances, capacity, hour_prices(chances, capacity, legal), legal) >= best - 1e-4


def test_a_large_list_fits_its_hours_within_a_thousandth_of_the_bound():
    chances = a_list(3, 25_000)
    legal = np.isin(np.arange(24), range(8, 21))
    capacity = np.where(legal, -(-len(chances) // 13), 0)
    prices = hour_prices(chances, capacity, legal)
    plan = assign(chances, legal, capacity, prices)
    assert (plan != UNPLANNED).all()
    assert (np.bincount(plan, minlength=24) <= capacity).all()
    bound = answers_bound(chances, capacity, prices, legal)
    assert planned_values(chances, plan).sum(dtype=float) >= bound * 0.999


@pytest.mark.parametrize("contacts", [2_400, 24_000])
def test_people_who_are_all_alike_fill_the_hours_evenly(contacts):
    alike = np.tile(a_list(1, 1), (contacts, 1))
    capacity = np.full(24, contacts // 24)
    assert (np.bincount(plan_hours(alike, capacity), minlength=24) == capacity).all()


def test_places_too_few_go_to_those_to_whom_they_are_worth_most():
    chances = np.array([[0.5, 0.4], [0.9, 0.1], [0.8, 0.7]], dtype=np.float32)
    assert plan_hours(chances, np.array([1, 1])).tolist() == [-1, 0, 1]


def test_the_same_list_gets_the_same_plan():
    chances, capacity = a_list(5, 25_000), np.full(24, 1_100)
    assert (plan_hours(chances, capacity) == plan_hours(chances, capacity)).all()


def test_no_contacts_and_no_room_make_an_empty_plan():
    assert plan_hours(np.zeros((0, 24), np.float32), np.full(24, 5)).tolist() == []
    assert plan_hours(a_list(1, 4), np.zeros(24, int)).tolist() == [-1] * 4
