"""Files of tables on disk: CSV, gzipped or not, and Parquet, row by row and with progress."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from core.tabular import Row, Table, TableError, read_table

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[int, int], None]
"""Is told the bytes read so far and the bytes of the whole file."""

ROWS_A_REPORT: Final = 10_000
_PARQUET: Final = (".parquet", ".pq")


def unheard(read: int, total: int) -> None:
    """Report progress to nobody."""


@contextmanager
def open_table(path: Path, progress: Progress = unheard) -> Iterator[Table]:
    """Open a table by the ending of its name: `.parquet`, `.pq`, or else CSV; `.gz` is unpacked on the way.

    Raises:
        TableError: it is no such table.
    """
    with path.open("rb") as file:
        table = _parquet(file) if path.suffix.lower() in _PARQUET else _csv(file, path)
        yield Table(table.columns, _reported(table.rows, file, path.stat().st_size, progress))


def _csv(file: BinaryIO, path: Path) -> Table:
    if path.suffix.lower() != ".gz":
        return read_table(file)
    try:
        table = read_table(cast("BinaryIO", gzip.GzipFile(fileobj=file)))
    except (EOFError, OSError, zlib.error) as error:
        raise TableError(f"the gzip file is damaged: {error}", line=1) from None
    return Table(table.columns, _unpacked(table.rows))


def _unpacked(rows: Iterator[Row]) -> Iterator[Row]:
    line = 1
    try:
        for row in rows:
            line = row.line
            yield row
    except (EOFError, OSError, zlib.error) as error:
        raise TableError(f"the gzip file is damaged after this line: {error}", line=line) from None


def _parquet(file: BinaryIO) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only Parquet needs it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        source = parquet.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise TableError(f"this is no Parquet file: {error}", line=1) from None
    names = tuple(str(name) for name in source.schema_arrow.names)
    return Table(names, _parquet_rows(source.iter_batches(batch_size=ROWS_A_REPORT)))


def _parquet_rows(batches: "Iterator[pa.RecordBatch]") -> Iterator[Row]:
    line = 1
    for batch in batches:
        for cells in zip(*(_values(column) for column in batch.columns), strict=True):
            line += 1
            yield Row(line, cells)


def _values(column: "pa.Array") -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_timestamp(column.type):  # nanoseconds would come as objects of another library
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _reported(rows: Iterator[Row], file: BinaryIO, total: int, progress: Progress) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        yield row
        if count % ROWS_A_REPORT == 0:
            progress(min(file.tell(), total), total)
    progress(total, total)
