"""Numbers from arrays: agreement, control, segmentation; numpy, scipy and scikit-learn only."""
