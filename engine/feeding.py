"""How samples come to the compiled steps: held on the device, or read in the background while others are used.

Over several devices they are always read, each process its own rows of a batch.
"""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from engine.data.holding import HELD
from engine.data.rows import Array
from engine.data.samples import Batch, Samples
from engine.devices import ONE, Placement, Spread
from engine.model import Model

CHUNK = 16 * 2**20
"""Bytes of samples that are brought to the device at once where they are not held there."""

_DRAWN = 4
"""Batches that are brought to the device at once where each takes work to make."""

_AHEAD = 2
"""How many chunks wait for their use."""

_PATIENCE = 0.1
"""Seconds after which one who waits for data is told so."""

_PARTING = 2.0
"""Seconds that a read under way may take to end once nobody waits for it."""

Data = tuple[Any, Any, Any]
"""Inputs, targets and weights of samples on the device, or their shapes and types, by the names of nodes."""


class Part(NamedTuple):
    """Samples on the device or devices, and batches of them."""

    data: Data
    batches: Array
    """For each batch the numbers of its samples, as `Placement.batch` takes them."""
    first: int
    """The batch to begin with."""
    stop: int
    """The batch after the last."""
    counted: Array
    """1 for each place of a batch that counts, 0 for those that fill one up."""


Parts = Generator["Part | None"]
"""Parts one after the other; None while the next is still to come."""


class Feed(ABC):
    """Batches of some samples, in any order, as often as wanted."""

    def __init__(self, model: Model, samples: Samples, batch_size: int) -> None:
        self.model, self.samples = model, samples
        self.batch_size = min(batch_size, samples.size)
        self.full = samples.size // self.batch_size
        self.rest = samples.size % self.batch_size

    def resized(self, batch_size: int) -> Feed:
        """The same samples in other batches."""
        return type(self)(self.model, self.samples, batch_size)

    @abstractmethod
    def outlines(self) -> tuple[Part, ...]:
        """A part of each kind that `parts` gives, in shapes and types alone: what is to be compiled."""

    @abstractmethod
    def parts(self, order: Array, skip: int = 0) -> Parts:
        """All batches of samples in an order but the first `skip`; the last may be smaller.

        Raises `DataError` or `FileError`.
        """

    @abstractmethod
    def filled_outline(self) -> Part:
        """As `outlines`, for `filled`."""

    @abstractmethod
    def filled(self) -> Parts:
        """All samples as they lie, in parts of one kind: the last batch is filled up."""


def feed(model: Model, samples: Samples, batch_size: int, placement: Placement = ONE) -> Feed:
    """The feed that suits the samples, and where they are to go."""
    size = samples.batch or batch_size
    if isinstance(placement, Spread):
        return Dealt(model, samples, size, placement)
    held = samples.nbytes <= HELD and not samples.drawn
    return (Held if held else Streamed)(model, samples, size)


class Held(Feed):
    """All samples are on the device."""

    def __init__(self, model: Model, samples: Samples, batch_size: int) -> None:
        super().__init__(model, samples, batch_size)
        self._data = _on_device(model, samples, np.arange(samples.size))

    def resized(self, batch_size: int) -> Feed:
        other = copy(self)
        Feed.__init__(other, self.model, self.samples, batch_size)
        return other

    def outlines(self) -> tuple[Part, ...]:
        return tuple(part._replace(data=_shapes(part.data)) for part in self._parts(np.arange(self.samples.size)))

    def parts(self, order: Array, skip: int = 0) -> Parts:
        full, *rest = self._parts(order)
        if skip < full.stop:
            yield full._replace(first=skip)
        yield from rest

    def _parts(self, order: Array) -> Iterator[Part]:
        end = self.full * self.batch_size
        yield _part(self._data, order[:end].reshape(self.full, self.batch_size))
        if self.rest:
            yield _part(self._data, order[end:].reshape(1, self.rest))

    def filled_outline(self) -> Part:
        part = self._filled()
        return part._replace(data=_shapes(part.data))

    def filled(self) -> Parts:
        yield self._filled()

    def _filled(self) -> Part:
        count = self.full + bool(self.rest)
        places = np.arange(count * self.batch_size)
        counted = places < self.samples.size
        shape = (count, self.batch_size)
        return _part(self._data, np.where(counted, places, 0).reshape(shape), counted.reshape(shape))


class Streamed(Feed):
    """A chunk of batches is on the device while the next ones are read."""

    def __init__(self, model: Model, samples: Samples, batch_size: int) -> None:
        super().__init__(model, samples, batch_size)
        batch_bytes = self.batch_size * max(1, samples.nbytes // samples.size)
        most = _DRAWN if samples.drawn else self.full
        self._count = max(1, min(CHUNK // batch_bytes, self.full, most))

    def outlines(self) -> tuple[Part, ...]:
        full = self._outline(self._count, self.batch_size)
        return (full, self._outline(1, self.rest)) if self.rest else (full,)

    def _outline(self, count: int, size: int) -> Part:
        data = outline(self.model, self.samples, count * size)
        return _part(data, np.arange(count * size).reshape(count, size))

    def parts(self, order: Array, skip: int = 0) -> Parts:
        size, end = self.batch_size, self.full * self.batch_size
        step = self._count * size
        wanted = [
            _Wanted(order[start : min(start + step, end)], step, size) for start in range(skip * size, end, step)
        ]
        if self.rest:
            wanted.append(_Wanted(order[end:], self.rest, self.rest))
        return self._read(wanted)

    def filled_outline(self) -> Part:
        return self._outline(self._count, self.batch_size)

    def filled(self) -> Parts:
        step = self._count * self.batch_size
        order = np.arange(self.samples.size)
        return self._read(
            [_Wanted(order[i : i + step], step, self.batch_size) for i in range(0, len(order), step)]
        )

    def _read(self, wanted: list[_Wanted]) -> Parts:
        return _in_background(lambda: (self._part(one) for one in wanted), self.samples.leave)

    def _part(self, wanted: _Wanted) -> Part:
        data = _on_device(self.model, self.samples, wanted.numbers, wanted.room)
        count, places = wanted.room // wanted.batch_size, np.arange(wanted.room)
        shape = (count, wanted.batch_size)
        counted = (places < len(wanted.numbers)).reshape(shape)
        return _part(data, places.reshape(shape), counted)


class Dealt(Streamed):
    """As `Streamed`, over several devices: the rows of each batch are dealt out, a process reads those of its own.

    A part holds (batches, rows, ...): rows are filled up so that each device holds as many. The numbers in
    `Part.batches` count the samples without those.
    """

    def __init__(self, model: Model, samples: Samples, batch_size: int, placement: Spread) -> None:
        self._placement = placement
        super().__init__(model, samples, batch_size)

    def resized(self, batch_size: int) -> Feed:
        return Dealt(self.model, self.samples, batch_size, self._placement)

    def _outline(self, count: int, size: int) -> Part:
        one = outline(self.model, self.samples, 1)
        data = jax.tree.map(lambda a: self._placement.outline(a.shape[1:], a.dtype, count, size), one)
        return _part(data, np.arange(count * size).reshape(count, size))

    def _part(self, wanted: _Wanted) -> Part:
        size, numbers = wanted.batch_size, wanted.numbers
        own = self._placement.own(size)
        places = np.arange(wanted.room).reshape(-1, size)
        batch, row = np.indices((len(places), own.stop - own.start))
        row += own.start
        place = batch * size + row
        there = (row < size) & (place < len(numbers))
        found = self._own(numbers, place[there])

        def dealt(arrays: Mapping[str, Array]) -> dict[str, jax.Array]:
            return {name: self._placement.put(_spaced(array, there), size) for name, array in arrays.items()}

        data = dealt(self.model.prepare(found.inputs)), dealt(found.targets), dealt(found.weights)
        return _part(data, places, places < len(numbers))

    def _own(self, numbers: Array, places: Array) -> Batch:
        """The samples at some places of those that are wanted, or one where there is no place."""
        places = places if len(places) else np.zeros(1, int)
        if not self.samples.drawn:
            return self.samples.read(numbers[places])
        every = self.samples.read(numbers)  # whichever are asked for, the next are given
        kinds = every.inputs, every.targets, every.weights
        return Batch(*({name: array[places] for name, array in kind.items()} for kind in kinds))


def _spaced(array: Array, there: Array) -> Array:
    """Samples at the places where some are, in order, and zeros elsewhere."""
    shape = (*there.shape, *array.shape[1:])
    if there.all():
        return array.reshape(shape)
    spaced = np.zeros(shape, array.dtype)
    spaced[there] = array[: there.sum()]
    return spaced


@dataclass(frozen=True)
class _Wanted:
    """Samples by their numbers, in a chunk that has room for so many."""

    numbers: Array
    room: int
    batch_size: int


def _part(data: Data, batches: Array, counted: Array | None = None) -> Part:
    counted = np.ones(batches.shape) if counted is None else counted
    return Part(data, batches.astype(np.int32), 0, int(counted.any(1).sum()), counted.astype(np.float32))


def _on_device(model: Model, samples: Samples, numbers: Array, room: int = 0) -> Data:
    """Samples as the compiled functions take them, with zeros behind them up to `room`."""
    return _placed(model, samples.read(numbers), max(0, room - len(numbers)))


def _placed(model: Model, batch: Batch, missing: int = 0) -> Data:
    """Samples on the device, with so many zeros behind them."""

    def placed(arrays: Mapping[str, Array]) -> dict[str, jax.Array]:
        return {
            name: jax.device_put(np.concatenate([a, np.zeros((missing, *a.shape[1:]), a.dtype)]) if missing else a)
            for name, a in arrays.items()
        }

    return placed(model.prepare(batch.inputs)), placed(batch.targets), placed(batch.weights)


def outline(model: Model, samples: Samples, size: int) -> Data:
    """The shapes and types in which so many samples come to the compiled functions."""
    one = _placed(model, samples.first())
    return jax.tree.map(lambda array: jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype), one)


def _shapes(data: Data) -> Data:
    return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), data)


def _in_background(make: Callable[[], Iterator[Part]], leave: Callable[[], None]) -> Parts:
    """What an iterator gives, made some places ahead in a thread; None now and then while there is nothing yet.

    `leave` is called where it is left before its end.
    """
    found: queue.Queue[tuple[str, Any]] = queue.Queue(_AHEAD)
    ended = threading.Event()

    def put(kind: str, value: Any) -> None:
        while not ended.is_set():
            try:
                found.put((kind, value), timeout=_PATIENCE)
                return
            except queue.Full:
                pass

    def work() -> None:
        try:
            for value in make():
                put("value", value)
                if ended.is_set():
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = threading.Thread(target=work, name="samples", daemon=True)
    thread.start()
    try:
        while True:
            try:
                kind, value = found.get(timeout=_PATIENCE)
            except queue.Empty:
                yield None
                continue
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        ended.set()
        leave()
        thread.join(_PARTING)
