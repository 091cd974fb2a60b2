"""The canvas: shows a project and turns gestures into edits. Knows the engine, never the program around it."""
