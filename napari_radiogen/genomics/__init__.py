"""Genes to metagenes, as transforms fitted on training patients."""
