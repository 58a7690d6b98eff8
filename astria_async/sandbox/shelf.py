"""Where records stand: by id, in order of age, with every change noted for whoever keeps them."""

from collections.abc import Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

import anyio
import attrs


class Record(Protocol):
    """A frozen attrs class with an id that does not change."""

    @property
    def id(self) -> int | str:
        """What the record is found by."""
        ...


R = TypeVar("R", bound=Record)


@attrs.define(eq=False)
class Journal:
    """
    Notes which records changed since it was last emptied.

    Attributes:
        revision: Grows with every change.
        dirty: (shelf, id) of what changed; collected only if *keeping*.
        keeping: Whether anybody will read ``dirty``; without a reader it would only grow.
    """

    revision: int = 0
    keeping: bool = False
    dirty: dict[tuple[str, int | str], None] = attrs.field(factory=dict)
    _changed: anyio.Event | None = None

    def note(self, shelf: str, key: int | str) -> None:
        """Say that the record *key* of *shelf* was added, changed or removed."""
        self.revision += 1
        if self.keeping:
            self.dirty[(shelf, key)] = None
        self._tell()

    def turn(self) -> None:
        """Say that everything changed at once."""
        self.revision += 1
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def changed(self) -> None:
        """Return at the next change."""
        if self._changed is None:
            self._changed = anyio.Event()
        await self._changed.wait()


@attrs.define(eq=False)
class Shelf(Generic[R]):
    """
    The records of one kind, oldest first.

    Args:
        name: What the journal calls it.
        kind: The record's class.
        journal: Told about every change.
        limit: The most that are kept; the oldest give way.
    """

    name: str
    kind: type[R]
    journal: Journal
    limit: int | None = None
    rows: dict[int | str, R] = attrs.field(factory=dict)
    last_id: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self.rows.values()))

    def __contains__(self, key: int | str) -> bool:
        return key in self.rows

    def __getitem__(self, key: int | str) -> R:
        return self.rows[key]

    def get(self, key: int | str | None) -> R | None:
        """The record, or ``None``."""
        return None if key is None else self.rows.get(key)

    def newest(self) -> Iterator[R]:
        """Every record, the youngest first; the shelf must not change meanwhile."""
        return reversed(self.rows.values())

    def next_id(self, stride: int = 1) -> int:
        """A new number, greater than all before it."""
        self.last_id += stride
        return self.last_id

    def put(self, record: R) -> R:
        """Add the record, or replace the one with its id."""
        self.rows[record.id] = record
        if isinstance(record.id, int):
            self.last_id = max(self.last_id, record.id)
        self.journal.note(self.name, record.id)
        if self.limit is not None and len(self.rows) > self.limit:
            self.remove(next(iter(self.rows)))
        return record

    def change(self, key: int | str, **values: Any) -> R:
        """Replace fields of a record and return the new one."""
        record: Any = self.rows[key]
        return self.put(attrs.evolve(record, **values))

    def remove(self, key: int | str) -> None:
        """Take a record away; one that is not there is no error."""
        if self.rows.pop(key, None) is not None:
            self.journal.note(self.name, key)

    def load(self, rows: Mapping[int | str, R], last_id: int) -> None:
        """Take over the state that a file held."""
        self.rows = dict(rows)
        self.last_id = last_id
