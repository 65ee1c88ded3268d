"""Many small symmetric positive definite systems, eliminated side by side.

Entries of one place in all systems are neighbours in memory, so that a step is one of NumPy's loops over all systems:
at these sizes LAPACK, called for each system, costs several times as much. No bit depends on the other systems.
"""

import numpy as np

from forecast.inputs import Floats


def eliminate(matrices: Floats, right: Floats) -> Floats:
    """Solve each system by Gauss without pivots, which positive definite ones need not, a row at a time.

    Args:
        matrices: Shape `(c, c, systems)`, overwritten; of each pair of entries only the upper one is read.
        right: Shape `(c, systems)`, overwritten by the solutions, which are returned. Two systems at least: the sums
            of one alone would run along its rows, in another order.
    """
    size = len(matrices)
    for row in range(1, size):
        above = matrices[:row]
        ratios = above[:, row] / matrices[range(row), range(row)]
        matrices[row, row:] -= np.einsum("ps,pcs->cs", ratios, above[:, row:])
        right[row] -= np.einsum("ps,ps->s", ratios, right[:row])
    for row in reversed(range(size)):
        right[row] -= np.einsum("cs,cs->s", matrices[row, row + 1 :], right[row + 1 :])
        right[row] /= matrices[row, row]
    return right
