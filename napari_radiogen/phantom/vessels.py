"""Vessel trees grown by space colonisation, with radii by Murray's law.

Runions A, Lane B, Prusinkiewicz P. Modeling trees with a space colonization
algorithm. Eurographics Workshop on Natural Phenomena 2007. Murray CD. The
physiological principle of minimum work. PNAS 1926.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_radiogen.phantom.tubes import Tubes

Points = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

ATTRACTORS_PER_CM3 = 3.8
INFLUENCE_MM = 60.0
KILL_MM = 2.9
STEP_MM = 1.9
MURRAY_EXPONENT = 2.45
#: Radius of a twig that no longer branches, mm.
TWIG_MM = 0.23
#: Radius of the thickest branch at the hilum, mm.
HILUM_MM = 5.6
MAX_STEPS = 400
#: How far a tip turns towards its attractors in one step, of 1.
INERTIA = 0.35


@dataclass(frozen=True)
class Tree:
    """Nodes (N, 3) x, y, z in mm, parents (N,) with -1 at roots, radii (N,)."""

    nodes: Points
    parents: Indices
    radii: Points

    def tubes(self, keep: npt.NDArray[np.bool_] | None = None) -> Tubes:
        """Return a tube for every node with a parent, or for those kept."""
        child = self.parents >= 0
        if keep is not None:
            child &= keep
        parent = self.parents[child]
        parent_radius = np.minimum(self.radii[parent], 1.6 * self.radii[child])
        return Tubes(self.nodes[parent], self.nodes[child], parent_radius, self.radii[child])


def grow(rng: np.random.Generator, seeds: Points, attractors: Points) -> Tree:
    """Grow a tree from hilar seeds until every attractor is reached.

    Parameters
    ----------
    rng
        Source of the jitter that keeps branches from being straight.
    seeds
        (S, 3) points in mm where branches leave the hilum.
    attractors
        (A, 3) points in mm that want blood.
    """
    nodes, parents = [seeds], [np.full(len(seeds), -1, dtype=np.intp)]
    heading = np.zeros_like(seeds)
    headings = [heading]
    nearest_distance, nearest = cKDTree(seeds).query(attractors)
    nearest = nearest.astype(np.intp)
    alive = np.ones(len(attractors), dtype=bool)
    count = len(seeds)
    all_nodes, all_headings = seeds, heading
    for _ in range(MAX_STEPS):
        active = np.flatnonzero(alive & (nearest_distance < INFLUENCE_MM))
        if len(active) == 0:
            break
        new, source, direction = _sprout(rng, all_nodes, all_headings, attractors, active, nearest)
        nodes.append(new)
        parents.append(source)
        headings.append(direction)
        all_nodes, all_headings = np.concatenate(nodes), np.concatenate(headings)
        waiting = np.flatnonzero(alive)
        distance, index = cKDTree(new).query(attractors[waiting])
        closer = distance < nearest_distance[waiting] - 1e-9
        if not closer.any():
            break
        nearest[waiting[closer]] = index[closer] + count
        nearest_distance[waiting[closer]] = distance[closer]
        count += len(new)
        alive &= nearest_distance > KILL_MM
    ancestry = np.concatenate(parents)
    return Tree(all_nodes, ancestry, murray_radii(ancestry))


def _sprout(
    rng: np.random.Generator,
    nodes: Points,
    headings: Points,
    attractors: Points,
    active: Indices,
    nearest: Indices,
) -> tuple[Points, Indices, Points]:
    owner = nearest[active]
    pull = attractors[active] - nodes[owner]
    pull /= np.linalg.norm(pull, axis=1, keepdims=True) + 1e-9
    source, where = np.unique(owner, return_inverse=True)
    total = np.zeros((len(source), 3))
    np.add.at(total, where.reshape(-1), pull)
    total /= np.linalg.norm(total, axis=1, keepdims=True) + 1e-9
    total += INERTIA * headings[source] + rng.normal(0, 0.10, total.shape)
    total /= np.linalg.norm(total, axis=1, keepdims=True) + 1e-9
    return nodes[source] + STEP_MM * total, source.astype(np.intp), total


def murray_radii(parents: Indices, *, exponent: float = MURRAY_EXPONENT) -> Points:
    """Return radii (N,) in mm: a branch carries what its children carry.

    ``r_parent^e = sum(r_child^e)``, with twigs of `TWIG_MM`. Parents must come
    before their children. The whole is bent so that the thickest branch has
    `HILUM_MM`.
    """
    flow = np.zeros(len(parents))
    has_child = np.zeros(len(parents), dtype=bool)
    has_child[parents[parents >= 0]] = True
    flow[~has_child] = TWIG_MM**exponent
    for node in range(len(parents) - 1, -1, -1):
        if parents[node] >= 0:
            flow[parents[node]] += flow[node]
    radii = flow ** (1 / exponent)
    largest = radii.max()
    if largest > HILUM_MM:
        power = np.log(HILUM_MM / TWIG_MM) / np.log(largest / TWIG_MM)
        radii = TWIG_MM * (radii / TWIG_MM) ** power
    return np.asarray(radii)


def airways_beside(arteries: Tree, *, smallest_mm: float = 1.8) -> tuple[Tubes, Tubes]:
    """Return lumens and walls of the airways that follow the larger arteries.

    Parameters
    ----------
    arteries
        Tree whose branches of at least `smallest_mm` get a companion.
    """
    keep = arteries.radii > smallest_mm
    branches = arteries.tubes(keep)
    side = np.array([0.45, 0.75, 0.35])

    def lumen(radius: Points) -> Points:
        return np.asarray(0.76 * radius)

    def moved(points: Points, radius: Points) -> Points:
        apart = radius + lumen(radius) + 0.9
        return np.asarray(points + side / np.linalg.norm(side) * apart[:, None])

    start = moved(branches.start, branches.start_radius)
    end = moved(branches.end, branches.end_radius)
    lumens = Tubes(start, end, lumen(branches.start_radius), lumen(branches.end_radius))
    return lumens, lumens.grown(0.7)
