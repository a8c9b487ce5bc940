"""Pure functions on volumes: windows, resampling, lungs, measurements."""
