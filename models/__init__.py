"""The institute's method as pure functions: frames in, frames out."""
