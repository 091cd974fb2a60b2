"""What a run remembers besides its weights, so that another goes on as if there had been no break."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from engine.callbacks import Callbacks, Waiting


class Verdict(NamedTuple):
    """What comes of an epoch."""

    improved: bool
    """Whether it is the best so far."""
    stop: bool
    rate: float
    """The learning rate from now on."""


class Ledger(BaseModel):
    """Where a run stands with its figures. A frozen value; JSON both ways, to the last bit."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    epochs: int = 0
    """The number of the last epoch that the run is meant to have."""
    ended: bool = False
    """Whether it came to its own end: by its last epoch, or by a callback."""
    rows: tuple[dict[str, int | float], ...] = ()
    """What the history of the run says of each epoch."""
    sums: tuple[Any, ...] = ()
    """The figures of the epoch that has begun, added up so far: the numbers of a tree, leaf by leaf."""
    best: Waiting = Waiting()
    plateau: Waiting = Waiting()
    rate_scale: float = 1.0
    """What the learning rate of the optimizer is multiplied by."""

    @property
    def history(self) -> dict[str, tuple[float, ...]]:
        """The figures by their names, as Keras's History has them."""
        names = [name for name in dict.fromkeys(name for row in self.rows for name in row) if name != "epoch"]
        return {name: tuple(row[name] for row in self.rows if name in row) for name in names}

    def again(self) -> Ledger:
        """The same for a run that goes on: after one that ended, callbacks wait anew."""
        if not self.ended:
            return self
        waiting = {name: getattr(self, name).model_copy(update={"wait": 0}) for name in ("best", "plateau")}
        return self.model_copy(update={"ended": False, **waiting})

    def after(
        self, callbacks: Callbacks, epoch: int, figures: dict[str, float], rate: float, *, rising: bool = False
    ) -> tuple[Ledger, Verdict]:
        """The same after an epoch with these figures, the learning rate being `rate` at its end.

        `rising` says whether more of the figure that is watched is better.
        """
        value = callbacks.value(figures)
        stopping, reducing = callbacks.early_stopping, callbacks.reduce_lr_on_plateau
        best, plateau = self.best, self.plateau
        if stopping is None or epoch > stopping.start_from_epoch:
            best = best.after(epoch, value, stopping.min_delta if stopping else 0, rising=rising)
        if reducing is not None:
            plateau, rate = reducing.after(plateau.after(epoch, value, reducing.min_delta, rising=rising), rate)
        changes = {"rows": (*self.rows, {"epoch": epoch, **figures}), "sums": (), "best": best, "plateau": plateau}
        stop = stopping is not None and stopping.stops(epoch, best)
        return self.model_copy(update=changes), Verdict(best.best_epoch == epoch, stop, rate)


NEW = Ledger(ended=True)
"""That of weights which no run here has led to: what begins with them has all epochs before it."""
