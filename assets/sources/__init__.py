"""Reading what comes from outside: one module per format, privacy at the door, a reason for every refusal."""
