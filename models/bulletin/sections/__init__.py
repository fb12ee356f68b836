"""The parts of the bulletin: each turns the frames of an issue into what its template shows."""
