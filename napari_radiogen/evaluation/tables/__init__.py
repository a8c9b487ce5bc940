"""The papers' tables, made of whatever models are given, on a cohort's test split."""
