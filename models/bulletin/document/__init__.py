"""The bulletin as a Word document that officials can edit, made from its finished page."""
