"""Pictures of every screen and state that the documentation shows, from the real program.

`make gallery` draws all of them, ``make gallery SCENES="a b"`` some; the scenes
stand in `scripts.gallery.table`.
"""
