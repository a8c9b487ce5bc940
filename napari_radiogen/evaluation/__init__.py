"""Models and cohorts to the numbers that are claimed of them."""
