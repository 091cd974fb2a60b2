"""How the arrays of a run lie over devices: all on one of them, or the rows of a batch, and weights, over several.

There is one program for all devices, and XLA's partitioner puts in what they tell each other: sums over a batch,
statistics of a batch and random numbers are those of one device, but for the order in which floats are added.
Where several processes take part (`jax.distributed`), each of them runs this program and holds its own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import Any, Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from engine.backend import compiler_options
from engine.data.rows import Array
from engine.pace import Pace

Distribution = Literal["data_parallel", "sharded", "one_device"]
"""Whether devices share the samples of a batch, the weights as well, or one of them computes alone."""

SMALLEST = 2**11
"""Numbers that an array must hold for its parts to lie on several devices: fewer are not worth the talk."""

_AXIS = "batch"

_CALL_SECONDS = 0.25
"""As in pace.py, for several processes: they agree after each call, which takes some thousandths."""

_LOST = ("Gloo", "gloo", "NCCL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "Connection", "Socket")
"""What errors say that come from talking to other processes."""

T = TypeVar("T")
Function = Callable[..., Any]


class Placement:
    """All on one device, where JAX puts it: nothing is done to any array."""

    devices = 1
    """How many devices compute a step."""
    processes = 1
    sharded = False
    """Whether each device holds but a part of what is learned."""
    local = 1
    """How many of the devices take their memory from what this process has free."""

    # In compiled functions

    def batch(self, data: Any, numbers: Any) -> Any:
        """The samples of a batch: those of these numbers in a part (feeding.py)."""
        return jax.tree.map(lambda array: array[numbers], data)

    def whole(self, params: T) -> T:
        """Weights as a pass needs them."""
        return params

    def kept(self, learned: T) -> T:
        """What is learned, as it lies between steps; gradients, which lie like the weights."""
        return learned

    def told(self, figures: T) -> T:
        """What each process reads."""
        return figures

    def compiled(self, function: Function, arguments: Sequence[Any], *, donated: int | None = None) -> Any:
        """A function for arguments like these, the one of number `donated` being used up; shapes are enough."""
        donate = () if donated is None else (donated,)
        made = jax.jit(function, donate_argnums=donate, compiler_options=compiler_options())
        return made.lower(*arguments).compile()

    # Between the host and the devices

    def place(self, learned: T) -> T:
        """What is learned, brought from the host to where it is kept."""
        return learned

    def host(self, tree: T) -> T:
        """Arrays, whole, that this process can read: every process must ask for them."""
        return tree

    def fetched(self, data: Any, numbers: Any) -> Any:
        """As `batch`, to be looked at by this process: every process must ask for it."""
        return self.batch(data, numbers)

    def agreed(self, *numbers: float) -> tuple[float, ...]:
        """The largest that any process says: what is decided by a clock is to be the same for all of them."""
        return numbers

    def same(self, *numbers: float) -> bool:
        """Whether all processes say the same."""
        found = self.agreed(*numbers, *(-number for number in numbers))
        return all(most == -least for most, least in zip(found, found[len(numbers) :], strict=False))

    def pace(self) -> Pace:
        """How many steps go into a call."""
        return Pace()

    def lost(self, error: Exception) -> bool:
        """Whether an error of a compiled function means that another process cannot be reached."""
        return False


ONE = Placement()
"""The placement of a run that one device computes."""


class Spread(Placement):
    """The rows of a batch over several devices, those of all processes; what is learned on each, or in parts."""

    def __init__(self, devices: Sequence[Any], *, sharded: bool = False) -> None:
        self.devices, self.sharded = len(devices), sharded
        self.processes = len({device.process_index for device in devices})
        here = [device for device in devices if device.process_index == jax.process_index()]
        self._here = len(here)
        self.local = self._here if devices[0].platform == "cpu" else 1
        mesh = Mesh(np.asarray(devices), (_AXIS,))
        self._rows = NamedSharding(mesh, PartitionSpec(_AXIS))
        self._parts = NamedSharding(mesh, PartitionSpec(None, _AXIS))
        self._each = NamedSharding(mesh, PartitionSpec())
        self._mesh = mesh

    # In compiled functions

    def batch(self, data: Any, numbers: Any) -> Any:
        size = len(numbers)
        place = numbers[0] // size
        return jax.tree.map(lambda array: self._constrained(array[place][:size], self._rows), data)

    def fetched(self, data: Any, numbers: Any) -> Any:
        size = len(numbers)
        place = numbers[0] // size
        return jax.tree.map(lambda array: self._gathered(array)[place][:size], data)

    def whole(self, params: T) -> T:
        return jax.tree.map(lambda array: self._constrained(array, self._each), params)

    def kept(self, learned: T) -> T:
        return jax.tree.map(lambda array: self._constrained(array, self._sharding(array.shape)), learned)

    def told(self, figures: T) -> T:
        return jax.tree.map(lambda array: self._constrained(array, self._each), figures)

    @staticmethod
    def _constrained(array: Any, sharding: NamedSharding) -> Any:
        return jax.lax.with_sharding_constraint(array, sharding)

    def compiled(self, function: Function, arguments: Sequence[Any], *, donated: int | None = None) -> Any:
        shardings = jax.tree.map(self._given, tuple(arguments))
        donate = () if donated is None else (donated,)
        options = compiler_options()
        made = jax.jit(function, in_shardings=shardings, donate_argnums=donate, compiler_options=options)
        return made.lower(*arguments).compile()

    def _given(self, argument: Any) -> NamedSharding:
        """How an argument lies: as it does, or on every device."""
        sharding = getattr(argument, "sharding", None)
        return sharding if isinstance(sharding, NamedSharding) else self._each

    def _sharding(self, shape: tuple[int, ...]) -> NamedSharding:
        """How an array of what is learned lies: cut along its longest axis that can be cut evenly, or on each."""
        even = [axis for axis, length in enumerate(shape) if length % self.devices == 0]
        if not self.sharded or not even or np.prod(shape) < SMALLEST:
            return self._each
        longest = max(even, key=lambda axis: shape[axis])
        return NamedSharding(self._mesh, PartitionSpec(*(None,) * longest, _AXIS))

    # Between the host and the devices

    def place(self, learned: T) -> T:
        return jax.tree.map(self._placed, learned)

    def _placed(self, array: Any) -> jax.Array:
        sharding = self._sharding(np.shape(array))
        if isinstance(array, jax.Array) and array.sharding == sharding:
            return array
        value = np.asarray(array)
        return jax.make_array_from_callback(value.shape, sharding, lambda where: value[where])

    def host(self, tree: T) -> T:
        return jax.tree.map(self._gathered, tree)

    def _gathered(self, array: Any) -> Array:
        if isinstance(array, jax.Array) and not array.is_fully_addressable and not array.is_fully_replicated:
            array = self._copied(array)
        return np.asarray(array)

    @cached_property
    def _copied(self) -> Any:
        return jax.jit(lambda array: array, out_shardings=self._each)

    def agreed(self, *numbers: float) -> tuple[float, ...]:
        if self.processes == 1:
            return numbers
        mine = np.tile(np.asarray(numbers, np.float32), (self._here, 1))
        said = jax.make_array_from_process_local_data(self._rows, mine, (self.devices, len(numbers)))
        return tuple(float(number) for number in np.asarray(self._most(said)))

    def pace(self) -> Pace:
        return Pace() if self.processes == 1 else Pace(self.agreed, _CALL_SECONDS)

    def lost(self, error: Exception) -> bool:
        return self.processes > 1 and any(sign in str(error) for sign in _LOST)

    @cached_property
    def _most(self) -> Any:
        return jax.jit(partial(jnp.max, axis=0), out_shardings=self._each)

    # Samples

    def room(self, size: int) -> int:
        """How many rows are kept for a batch, so that each device holds as many."""
        return -(-size // self.devices) * self.devices

    def own(self, size: int) -> slice:
        """Which of those rows this process brings."""
        where = self._rows.addressable_devices_indices_map((self.room(size),)).values()
        rows = [range(self.room(size))[index[0]] for index in where if index is not None]
        return slice(min(some.start for some in rows), max(some.stop for some in rows))

    def put(self, rows: Array, size: int) -> jax.Array:
        """Batches of this size (batches, own rows, ...), which each process has some rows of, on the devices."""
        shape = (len(rows), self.room(size), *rows.shape[2:])
        return jax.make_array_from_process_local_data(self._parts, rows, shape)

    def outline(self, shape: tuple[int, ...], dtype: Any, batches: int, size: int) -> jax.ShapeDtypeStruct:
        """Shape and type of what `put` gives, for samples of a shape."""
        return jax.ShapeDtypeStruct((batches, self.room(size), *shape), dtype, sharding=self._parts)


def planned(devices: int, *, sharded: bool = False) -> Placement:
    """A placement to reckon with, of devices that have a memory each; nothing is computed on it."""
    found = Placement()
    found.devices, found.sharded = devices, sharded and devices > 1
    return found


def placement_of(distribution: Distribution) -> Placement:
    """Where a run is computed: on one device, or on all of the default kind, of all processes that have joined."""
    devices = jax.devices()
    alone = distribution == "one_device" and jax.process_count() == 1
    if alone or len(devices) == 1:
        return ONE
    return _over(tuple(devices), distribution == "sharded")


@cache
def _over(devices: tuple[Any, ...], sharded: bool) -> Spread:
    return Spread(devices, sharded=sharded)
