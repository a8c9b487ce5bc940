"""Trees reach what asks for blood, and taper by Murray's law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from napari_radiogen.phantom.vessels import KILL_MM, Tree, airways_beside, grow, murray_radii


@pytest.fixture(scope="module")
def tree() -> Tree:
    rng = np.random.default_rng(0)
    attractors = rng.uniform((0, -40, -40), (90, 40, 40), (900, 3))
    return grow(rng, np.array([[-5.0, 0.0, 0.0], [-5.0, 8.0, 4.0]]), attractors)


def test_tree_reaches_far_attractors(tree: Tree) -> None:
    rng = np.random.default_rng(0)
    attractors = rng.uniform((0, -40, -40), (90, 40, 40), (900, 3))
    distance, _ = cKDTree(tree.nodes).query(attractors)
    assert (distance < KILL_MM + 1.0).mean() > 0.98


def test_parents_come_first_and_are_never_thinner(tree: Tree) -> None:
    child = np.flatnonzero(tree.parents >= 0)
    assert (tree.parents[child] < child).all()
    assert (tree.radii[tree.parents[child]] >= tree.radii[child] - 1e-9).all()


def test_radii_taper_to_the_periphery(tree: Tree) -> None:
    far = tree.nodes[:, 0] > 75
    near = tree.nodes[:, 0] < 10
    assert tree.radii[near].mean() > 1.5 * tree.radii[far].mean()


def test_murray_joins_two_twigs_by_the_exponent() -> None:
    radii = murray_radii(np.array([-1, 0, 0]), exponent=3.0)
    assert radii[0] ** 3 == pytest.approx(radii[1] ** 3 + radii[2] ** 3)


def test_airways_follow_only_the_larger_arteries(tree: Tree) -> None:
    lumens, walls = airways_beside(tree, smallest_mm=1.0)
    assert 0 < len(lumens) < len(tree.tubes())
    assert (walls.start_radius > lumens.start_radius).all()
