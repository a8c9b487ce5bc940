"""Keys and what they do: the one table behind the bindings, the dialog and the docs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_radiogen.constants import WINDOWS_HU

if TYPE_CHECKING:
    from napari_radiogen.plugin.workbench import Workbench


@dataclass(frozen=True)
class Key:
    """One binding, which works wherever the focus is.

    Parameters
    ----------
    keys
        As Qt writes them.
    does
        In a few words, for people.
    act
        Called with the workbench of the window.
    """

    keys: str
    does: str
    act: Callable[[Workbench], object]


def _flip(part: str, field: str, bench: Workbench) -> None:
    """Turn a switch of the session's ``state`` or ``view`` over."""
    holder: Any = getattr(bench.session, part)
    setattr(holder, field, not getattr(holder, field))


def _choose_window(name: str, bench: Workbench) -> None:
    bench.session.choose_window(name)


def _window_keys() -> tuple[Key, ...]:
    return tuple(
        Key(f"Alt+{number}", f"{name.lower()} window", partial(_choose_window, name))
        for number, name in enumerate(WINDOWS_HU, start=1)
    )


#: Every binding of ours; none is a key of napari, of a layer or of a menu.
KEYS: tuple[Key, ...] = (
    *_window_keys(),
    Key("Alt+N", "next tumour", lambda bench: bench.next_tumour()),
    Key("Alt+Shift+N", "tumour before", lambda bench: bench.next_tumour(-1)),
    Key("Alt+O", "tumour outlines on and off", partial(_flip, "state", "overlay_visible")),
    Key("Alt+X", "real or synthetic", partial(_flip, "state", "show_synthetic")),
    Key("Alt+D", "difference layer on and off", partial(_flip, "view", "difference")),
    Key("Alt+R", "other noise, same genes", lambda bench: bench.session.reroll()),
    Key("Alt+Z", "undo a change of genes or place", lambda bench: bench.session.undo()),
    Key("Alt+Shift+Z", "redo", lambda bench: bench.session.redo()),
    Key("Alt+K", "this table", lambda bench: bench.show_keys()),
)

#: What the mouse does, in the same words for dialog and docs.
MOUSE: tuple[tuple[str, str], ...] = (
    ("Click in any plane", "moves the crosshair; all planes follow"),
    ("Click after place", "puts the nodule there"),
    ("Right-drag in any plane", "window and level: right is wider, down is a higher level"),
    ("Wheel in the coronal or sagittal plane", "next slice"),
    ("Double click on a slider", "takes it back"),
    ("Click on the Gene Map", "takes that patient's genes"),
    ("Shift+drag on the Gene Map", "lasso"),
)
