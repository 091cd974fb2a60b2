"""What was made for some keys, kept until others were asked for more recently."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The values of the keys that were asked for last, at most so many; each is made by whoever asks first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Any, Future[T]] = OrderedDict()
        self._lock = Lock()

    def made(self, key: Any, make: Callable[[], T]) -> T:
        """The value of a key, made where it is not there; who asks while another thread makes it waits for that.

        What `make` raises is raised for all who wait, and tried again by the next.
        """
        with self._lock:
            found = self._values.get(key)
            future = self._values[key] = Future() if found is None else found
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        if found is None:
            try:
                future.set_result(make())
            except BaseException as error:
                with self._lock:
                    if self._values.get(key) is future:
                        del self._values[key]
                future.set_exception(error)
        return future.result()

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._values.clear()
