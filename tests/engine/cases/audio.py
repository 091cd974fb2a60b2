"""Cases of the layers in `engine/layers/audio.py`."""

from tests.engine.cases.case import Case, case

_SMALL = {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 8, "sampling_rate": 1000}

CASES: tuple[Case, ...] = (
    case("MelSpectrogram", (1600,)),
    case("MelSpectrogram", (160,), **_SMALL),
    case("MelSpectrogram", (150,), **_SMALL, sequence_length=48, window="hamming", max_freq=400.0, mag_exp=1.0),
    case("MelSpectrogram", (130,), **_SMALL, window=None, power_to_db=False, min_freq=0.0),
    case("MelSpectrogram", (160,), **_SMALL, top_db=10.0, ref_power=4.0, min_power=0.001),
    case("STFTSpectrogram", (700, 1)),
    case("STFTSpectrogram", (100, 2), frame_length=16, mode="magnitude", padding="same"),
    case("STFTSpectrogram", (100, 2), frame_length=16, mode="psd", expand_dims=True, scaling="spectrum"),
    case("STFTSpectrogram", (100, 2), frame_length=20, mode="stft", frame_step=7, window="blackman"),
    case("STFTSpectrogram", (100, 2), frame_length=16, mode="real", fft_length=64, periodic=True),
    case("STFTSpectrogram", (100, 1), frame_length=16, mode="imag", window=None),
    case("STFTSpectrogram", (100, 1), frame_length=16, mode="angle", scaling=None, expand_dims=True),
)
