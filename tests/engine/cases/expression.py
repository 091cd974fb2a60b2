"""Cases of the layer in `engine/layers/expression.py`."""

from tests.engine.cases.case import Case, case

CASES: tuple[Case, ...] = (
    case("Lambda", (4,)),
    case("Lambda", (3, 4), expression="relu(x + 3) / 6 - 2 ** -x"),
    case("Lambda", (3, 4), expression="(x - mean(x, axis=-1, keepdims=True)) / (std(x, -1, True) + 0.1)"),
    case("Lambda", (4,), (4,), expression="where(x > y, 1 - x * y, softmax(y) ** 2)"),
    case("Lambda", (3, 4), (3, 4), (3, 1), expression="x @ transpose(y, (0, 2, 1)) + maximum(z, 0)"),
    case("Lambda", (3, 4), expression="expand_dims(reshape(clip(x, -1, 0.5), (-1, 12)), 1)"),
)
