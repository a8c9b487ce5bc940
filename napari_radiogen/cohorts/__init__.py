"""Files to self-describing cohort folders."""
