"""Parquet with the true types of the columns: instants in UTC, units and meanings beside the names."""

import io
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from api.forms.columns import Column

MEDIA_TYPE: Final = "application/vnd.apache.parquet"

_ROW_GROUP: Final = 65_536
"""Rows that are kept until they are written: fewer make a large file of many small parts."""


class _Sink(io.RawIOBase):
    """A file that is only ever written to, whose bytes go on at once; its position counts all that went through."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        self._written.append(bytes(data))
        self._position += len(self._written[-1])
        return len(self._written[-1])

    def tell(self) -> int:
        """Return how many bytes were taken."""
        return self._position

    def drained(self) -> bytes:
        """Return what was taken since the last time."""
        taken, self._written = b"".join(self._written), []
        return taken


class Run(NamedTuple):
    """Some rows by columns: numbers, one at least, as `copying.as_arrays` has them; texts, the same in all."""

    numbers: Mapping[str, bytes]
    texts: Mapping[str, str]


class ParquetFile:
    """Makes one file piece by piece; pyarrow is loaded by the first one."""

    def __init__(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - no other answer needs it
        import pyarrow.compute as pc  # noqa: PLC0415 - as above
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above

        self._arrow: Any = pa
        self._compute: Any = pc
        self._instant: Any = pa.timestamp("us", tz="UTC")
        self._schema: Any = pa.schema([_field(pa, column) for column in columns])
        self._sink = _Sink()
        self._writer: Any = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._kept: list[Sequence[Any]] = []

    def rows(self, cells: Iterable[Sequence[Any]]) -> bytes:
        """Take rows; return the bytes of the file that are ready."""
        self._kept.extend(cells)
        if len(self._kept) >= _ROW_GROUP:
            self._write()
        return self._sink.drained()

    def runs(self, runs: Sequence[Run]) -> bytes:
        """Take rows by columns; return the bytes of the file that are ready."""
        if runs:
            arrays = [self._joined(runs, field) for field in self._schema]
            table = self._arrow.Table.from_arrays(arrays, schema=self._schema)
            self._writer.write_table(table, row_group_size=_ROW_GROUP)
        return self._sink.drained()

    def _joined(self, runs: Sequence[Run], field: Any) -> Any:
        if field.type == self._arrow.string():
            lengths = (len(next(iter(numbers.values()))) // 8 for numbers, _ in runs)
            scalars = (self._arrow.scalar(texts[field.name]) for _, texts in runs)
            return self._arrow.concat_arrays(list(map(self._arrow.repeat, scalars, lengths)))
        return self._numbers(b"".join(numbers[field.name] for numbers, _ in runs), field.type)

    def _numbers(self, sent: bytes, kind: Any) -> Any:
        values = array("d" if kind == self._arrow.float64() else "q", sent)
        if sys.byteorder == "little":
            values.byteswap()
        found = self._arrow.Array.from_buffers(kind, len(values), [None, self._arrow.py_buffer(values)])
        if kind != self._arrow.float64():
            return found
        return self._compute.if_else(self._compute.is_nan(found), None, found)

    def end(self) -> bytes:
        """Return the last bytes of the file."""
        if self._kept:
            self._write()
        self._writer.close()
        return self._sink.drained()

    def _write(self) -> None:
        columns = zip(*self._kept, strict=True)
        arrays = [self._array(values, field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._kept = []

    def _array(self, values: Sequence[Any], kind: Any) -> Any:
        """Return an array; of instants by their microseconds, which takes a third of the time."""
        if kind != self._instant:
            return self._arrow.array(values, kind)
        since = [None if value is None else round(value.timestamp() * 1_000_000) for value in values]
        return self._arrow.array(since, self._arrow.int64()).cast(kind)


def _field(pa: Any, column: Column) -> Any:
    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "instant": pa.timestamp("us", tz="UTC"),
        "json": pa.string(),
    }
    meaning = {"unit": column.unit, "description": column.description}
    return pa.field(column.name, types[column.kind], metadata={name: text for name, text in meaning.items() if text})
