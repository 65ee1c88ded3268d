"""Which model reigns: candidates compared on held-out origins, skill lost, regressors kept."""
