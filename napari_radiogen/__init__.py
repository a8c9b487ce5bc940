"""Touch a gene and watch the tumour change: radiogenomic synthesis in napari.

For research use only; not a medical device.
"""

__version__ = "0.1.0"
