"""`python -m animov`, the same as `animov`."""

from animov.cli import main

main()
