"""Value objects that normalise and refuse at the boundary, and the pure rules every actor applies the same way."""
