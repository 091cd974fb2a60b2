"""Files and code: projects, Keras models, generated Python."""
