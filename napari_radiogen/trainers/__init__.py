"""One training loop for each system, on Lightning Fabric."""
