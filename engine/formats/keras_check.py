"""Run as a program of its own, with nothing of ours: what Keras makes of a model file.

    python keras_check.py MODEL INPUTS.npz OUTPUTS.npz

Writes the predictions as arrays "0", "1", ..., and prints Keras's version and backend as JSON. Exit status 3 means
that there is no Keras, or none that can start.
"""

import json
import os
import sys
from typing import Any


def main(model_path: str, inputs_path: str, outputs_path: str) -> int:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import keras
        import numpy as np
    except ImportError as error:
        print(error, file=sys.stderr)
        return 3
    model: Any = keras.saving.load_model(model_path, compile=False)
    with np.load(inputs_path) as file:
        inputs = [file[name] for name in sorted(file.files, key=int)]
    values = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = list(values) if isinstance(values, list | tuple) else [values]
    arrays = [np.asarray(keras.ops.convert_to_numpy(y)) for y in outputs]
    arrays = [array.astype("float32") if array.dtype.name == "bfloat16" else array for array in arrays]
    named: dict[str, Any] = {str(i): array for i, array in enumerate(arrays)}
    np.savez(outputs_path, **named)
    print(json.dumps({"keras": keras.__version__, "backend": keras.backend.backend()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
