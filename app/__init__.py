"""The program: windows, panels, actions, threads, settings and the command line."""
