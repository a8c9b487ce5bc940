"""Trained networks at work: domain nouns in, domain nouns out."""
