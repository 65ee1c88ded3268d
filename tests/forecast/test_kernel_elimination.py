"""Systems side by side have the solutions that they have in any other company."""

import numpy as np
import pytest

from forecast.kernel.elimination import eliminate


@pytest.mark.parametrize("size", [0, 1, 2, 13])
def test_each_solution_is_that_of_lapack_and_has_the_same_bits_in_any_company(size):
    rows = np.random.default_rng(size).normal(size=(7, 20, size))
    matrices = rows.transpose(0, 2, 1) @ rows
    right = np.random.default_rng(0).normal(size=(7, size))

    solved = eliminate(np.moveaxis(matrices, 0, -1).copy(), right.T.copy())

    np.testing.assert_allclose(solved.T, np.linalg.solve(matrices, right[..., None])[..., 0], rtol=1e-9)
    for place in range(7):
        twice = eliminate(np.moveaxis(matrices[[place, place]], 0, -1).copy(), right[[place, place]].T.copy())
        np.testing.assert_array_equal(twice[:, 0], solved[:, place])
