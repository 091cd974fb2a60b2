"""Forms made from the settings themselves: an editor for each kind of setting, and the form that lists them."""
