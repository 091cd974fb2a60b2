"""The pure JAX functions that layers call. Their source is what the JAX export writes out.

So each function stands alone: it uses `jax`, `jnp`, `lax` and other functions of this package only.
"""
