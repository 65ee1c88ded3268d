"""Many small symmetric positive definite systems, eliminated side by side.

Entries of one place in all systems are neighbours in memory, so that a step is one of NumPy's loops over all systems:
at these sizes LAPACK, called for each system, costs several times as much. No bit depends on the other systems.
"""

import numpy as np

from forecast.inputs import Floats


def eliminate(matrices: Floats, right: Floats) -> Floats:
    """Solve each system by Gauss without pivots, which positive definite ones need not.

    Args:
        matrices: Shape `(c, c, systems)`, overwritten; of each pair of entries only the upper one is read.
        right: Shape `(c, systems)`, overwritten by the solutions, which are returned.
    """
    size, product = len(matrices), np.empty_like(right)
    for pivot in range(size):
        ratios = matrices[pivot, pivot + 1 :] / matrices[pivot, pivot]
        for row in range(pivot + 1, size):
            np.multiply(matrices[pivot, row:], ratios[row - pivot - 1], out=product[row:])
            np.subtract(matrices[row, row:], product[row:], out=matrices[row, row:])
        right[pivot + 1 :] -= ratios * right[pivot]
    for pivot in reversed(range(size)):
        right[pivot] /= matrices[pivot, pivot]
        right[:pivot] -= matrices[:pivot, pivot] * right[pivot]
    return right
