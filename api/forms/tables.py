"""A list as a file, piece by piece: what stands before the rows, rows, and what stands behind them."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from pydantic import BaseModel

from api.forms import csv_text
from api.forms.columns import Column, reader
from api.forms.parquet import ParquetFile, Run
from storage.engine.copying import Dialect


class Table(Protocol):
    """Writes one file; each method returns the bytes that are ready."""

    def head(self) -> bytes:
        """Begin the file."""

    def rows(self, items: Iterable[BaseModel]) -> bytes:
        """Write items."""

    def end(self) -> bytes:
        """End the file."""


class CsvTable:
    """CSV with a row of names."""

    def __init__(self, columns: Sequence[Column], dialect: Dialect) -> None:
        self._columns, self._dialect, self._read = columns, dialect, reader(columns)

    def head(self) -> bytes:
        """Return the row of names."""
        return csv_text.head(self._columns, self._dialect)

    def rows(self, items: Iterable[BaseModel]) -> bytes:
        """Return rows."""
        return csv_text.rows(map(self._read, items), self._columns, self._dialect)

    def end(self) -> bytes:
        """Return nothing: the last row ends it."""
        return b""


class ParquetTable:
    """Parquet, whose rows come in groups; `columns` are those of the file."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self._file, self._read = ParquetFile(columns), reader(columns)

    def head(self) -> bytes:
        """Return nothing: the file begins with its first rows."""
        return b""

    def rows(self, items: Iterable[BaseModel]) -> bytes:
        """Return what is ready of the rows taken so far."""
        return self._file.rows(map(self._read, items))

    def runs(self, runs: Sequence[Run]) -> bytes:
        """Return what is ready of rows that come by columns."""
        return self._file.runs(runs)

    def end(self) -> bytes:
        """Return the rest."""
        return self._file.end()
