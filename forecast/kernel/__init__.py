"""The default model for all series of a farm at once: that of `forecast.model.predicting`, computed in batches.

Each series is computed with the same operations in the same order whatever stands beside it: elementwise NumPy over
the batch, matrix products and LAPACK one small matrix of fixed shape at a time (below the sizes at which BLAS
starts threads). So a series has the same bits alone, in any batch, at any place in it.
"""
