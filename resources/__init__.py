"""Icons that the program draws itself with."""
