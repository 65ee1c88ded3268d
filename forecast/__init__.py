"""Series, regressors, models, baselines, scores and the jobs that run them."""
