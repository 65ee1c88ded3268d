"""All SQL, in rooms: each needs those beneath it only, as the contract in pyproject.toml says.

Tables are made by the migrations.
"""
