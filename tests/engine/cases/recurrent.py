"""Cases of the layers in `engine/layers/recurrent.py`, `cells.py`, `wrappers.py` and `conv_lstm.py`."""

from engine.layers.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from engine.layers.conv import Conv2D
from engine.layers.core import Dense
from engine.layers.normalization import BatchNormalization
from engine.layers.recurrent import GRU, LSTM, RNN, SimpleRNN
from tests.engine.cases.case import Case, case

SERIES = (5, 4)
REGULAR = {"kernel_regularizer": "l2(0.02)", "recurrent_regularizer": "l1(0.03)", "bias_regularizer": "l2(0.1)"}
BOUND = {
    "kernel_constraint": "max_norm(max_value=1.0)",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
}
STARTS = {"kernel_initializer": "he_normal", "recurrent_initializer": "identity", "bias_initializer": "ones"}

CASES: tuple[Case, ...] = (
    case("SimpleRNN", SERIES),
    case("SimpleRNN", SERIES, units=3, activation="relu", return_sequences=True, use_bias=False, **REGULAR),
    case("SimpleRNN", SERIES, (3,), units=3, return_state=True, go_backwards=True, dropout=0.2, **BOUND),
    case("SimpleRNN", (None, 4), units=3, return_sequences=True, go_backwards=True, **STARTS),
    case("LSTM", SERIES),
    case("LSTM", SERIES, units=3, return_sequences=True, return_state=True, unit_forget_bias=False, **BOUND),
    case("LSTM", SERIES, (3,), (3,), units=3, recurrent_activation="hard_sigmoid", activation="softsign"),
    case("LSTM", (None, 4), units=3, use_bias=False, go_backwards=True, dropout=0.1, recurrent_dropout=0.2),
    case("LSTM", SERIES, units=2, zero_output_for_mask=True, activity_regularizer="l1", **STARTS, **REGULAR),
    case("GRU", SERIES),
    case("GRU", SERIES, units=3, reset_after=False, return_sequences=True, **STARTS),
    case("GRU", SERIES, (3,), units=3, return_state=True, return_sequences=True, go_backwards=True),
    case("GRU", (None, 4), units=3, reset_after=False, use_bias=False, recurrent_dropout=0.3, return_state=True),
    case("GRU", SERIES, units=3, use_bias=False, activation="softsign", recurrent_activation="hard_sigmoid"),
    case("SimpleRNNCell", (4,), (3,), units=3),
    case("SimpleRNNCell", (4,), (3,), units=3, use_bias=False, activation="relu", dropout=0.5),
    case("LSTMCell", (4,), (3,), (3,), units=3),
    case("LSTMCell", (4,), (2,), (2,), units=2, unit_forget_bias=False, recurrent_dropout=0.5, use_bias=False),
    case("GRUCell", (4,), (3,), units=3),
    case("GRUCell", (4,), (3,), units=3, reset_after=False, recurrent_activation="relu"),
    case("StackedRNNCells", (4,), *[(3,)] * 4, cells=(LSTMCell(units=3), LSTMCell(units=3))),
    case("StackedRNNCells", (4,), (3,), (2,), (2,), cells=(GRUCell(units=3), LSTMCell(units=2))),
    case("RNN", SERIES),
    case("RNN", SERIES, cell=SimpleRNNCell(units=3), return_sequences=True, return_state=True),
    case("RNN", SERIES, cell=StackedRNNCells(cells=(LSTMCell(units=3), GRUCell(units=2), LSTMCell(units=4)))),
    case(
        "RNN",
        SERIES,
        *[(3,)] * 4,
        cell=StackedRNNCells(cells=(LSTMCell(units=3), LSTMCell(units=3))),
        return_state=True,
    ),
    case("RNN", SERIES, (3,), cell=GRUCell(units=3, reset_after=False), go_backwards=True, return_sequences=True),
    case("Bidirectional", SERIES),
    case("Bidirectional", SERIES, layer=GRU(units=3, return_sequences=True), merge_mode="sum"),
    case("Bidirectional", SERIES, layer=SimpleRNN(units=3), merge_mode="mul"),
    case("Bidirectional", SERIES, layer=LSTM(units=3, return_sequences=True), merge_mode="ave"),
    case("Bidirectional", SERIES, layer=LSTM(units=3, return_sequences=True), merge_mode=None),
    case("Bidirectional", SERIES, layer=GRU(units=2, return_state=True), merge_mode=None),
    case("Bidirectional", SERIES, *[(3,)] * 4, layer=LSTM(units=3, return_state=True)),
    case(
        "Bidirectional",
        (None, 4),
        layer=LSTM(units=3, return_sequences=True),
        backward_layer=GRU(units=3, return_sequences=True, go_backwards=True),
    ),
    case("Bidirectional", SERIES, layer=RNN(cell=StackedRNNCells(cells=(LSTMCell(units=3), GRUCell(units=2))))),
    case("TimeDistributed", SERIES),
    case("TimeDistributed", SERIES, layer=Dense(units=3, activation="softmax")),
    case("TimeDistributed", (3, 6, 5, 2), layer=Conv2D(filters=3, activation="relu")),
    case("TimeDistributed", (3, 4), layer=BatchNormalization(momentum=0.8)),
    case("TimeDistributed", (None, 5, 4), layer=LSTM(units=3)),
    case("ConvLSTM1D", (3, 6, 2), filters=3),
    case("ConvLSTM1D", (3, 7, 2), filters=2, strides=2, return_sequences=True, use_bias=False),
    case("ConvLSTM2D", (3, 5, 6, 2), filters=2),
    case("ConvLSTM2D", (3, 5, 6, 2), filters=2, kernel_size=(2, 3), padding="same", return_state=True),
    case("ConvLSTM2D", (3, 6, 7, 2), (2, 3, 3), (2, 3, 3), filters=3, kernel_size=(3, 3), dilation_rate=2),
    case("ConvLSTM2D", (None, 5, 6, 2), filters=2, go_backwards=True, return_sequences=True, dropout=0.2),
    case("ConvLSTM3D", (2, 4, 4, 4, 1), filters=2, kernel_size=2),
    case(
        "ConvLSTM3D", (2, 4, 3, 4, 1), filters=2, kernel_size=2, strides=2, padding="same", unit_forget_bias=False
    ),
)
