"""The four docks and the parts they are made of."""
