"""Models of a farm's series, the work that makes and judges them, and who forecasts."""
