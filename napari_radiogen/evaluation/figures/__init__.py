"""The publications' figures, remade from our models on test patients."""
