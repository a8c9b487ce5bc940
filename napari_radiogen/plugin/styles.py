"""Colours on the CT, and the style sheet that all docks share."""

from __future__ import annotations

from typing import Final

from napari_radiogen.plugin.palette import Palette

#: On the canvas, which is black in every theme.
CANVAS_COLOR: Final = "#000000"
SYNTHETIC_COLOR: Final = "#f5c065"
TUMOUR_COLOR: Final = "#62a8ff"
CROSSHAIR_COLOR: Final = "#6cb2e0"
#: Of the gauge, and of a refused place.
GOOD: Final = "#4caf7d"
UNUSUAL: Final = "#e0a33c"
UNSEEN: Final = "#cf5656"
GHOST_COLOR: Final = "#57d98a"
#: Words on the CT, and how much of the tissue under them their ground takes away: they
#: keep 4.5:1 over white.
MARK_COLOR: Final = "#e8e8e8"
MARK_SHADE: Final = 0.7


def ghost_color(refused: bool) -> str:
    """Return the colour of the ghost box: green, or red where a nodule is refused."""
    return UNSEEN if refused else GHOST_COLOR


def style_sheet(p: Palette) -> str:
    """Return the style sheet in the colours of a palette."""
    return f"""
QWidget#radiogen {{ background: {p.background}; font-size: 11px; color: {p.text}; }}
QWidget#radiogen[role="tour"] {{ border: 1px solid {p.accent}; border-radius: 4px; }}
QWidget#radiogen QLabel {{
    background: transparent; color: {p.text}; font-size: 11px; }}
QWidget#radiogen QLabel[role="title"] {{
    color: {p.muted}; font-weight: 700; font-size: 10px; padding-top: 2px; }}
QWidget#radiogen QLabel[role="strong"] {{ font-weight: 700; font-size: 11px; }}
QWidget#radiogen QLabel[role="lead"] {{ font-size: 12px; }}
QWidget#radiogen QLabel[role="note"] {{ color: {p.muted}; font-size: 10px; }}
QWidget#radiogen QLabel[role="warning"] {{ color: {p.synthetic}; font-size: 10px; }}
QWidget#radiogen QPushButton, QWidget#radiogen QToolButton {{
    background: {p.button}; color: {p.text}; border: none; border-radius: 3px; padding: 4px 6px;
    min-height: 14px; font-size: 11px; }}
QWidget#radiogen QPushButton::menu-indicator {{ image: none; width: 0; }}
QWidget#radiogen QPushButton:hover, QWidget#radiogen QToolButton:hover {{
    background: {p.button_hover}; }}
QWidget#radiogen QPushButton:checked, QWidget#radiogen QPushButton[role="primary"] {{
    background: {p.accent}; color: white; }}
QWidget#radiogen QPushButton:disabled {{ background: {p.panel}; color: {p.disabled}; }}
QWidget#radiogen QLineEdit, QWidget#radiogen QComboBox, QWidget#radiogen QSpinBox {{
    background: {p.field}; color: {p.text}; border: 1px solid {p.border}; border-radius: 3px;
    padding: 2px 5px; min-height: 16px; font-size: 11px; }}
QWidget#radiogen QComboBox:hover, QWidget#radiogen QLineEdit:focus {{
    border-color: {p.accent}; }}
QWidget#radiogen QTableWidget {{
    background: {p.field}; color: {p.text}; border: none; font-size: 11px;
    gridline-color: transparent; alternate-background-color: {p.field};
    selection-background-color: {p.selection}; selection-color: {p.text}; }}
QWidget#radiogen QTableWidget::item {{ padding: 0 3px; }}
QWidget#radiogen QTableWidget::item:selected {{ background: {p.selection}; }}
QWidget#radiogen QHeaderView {{ background: {p.field}; border: none; }}
QWidget#radiogen QAbstractScrollArea {{ border: none; }}
QWidget#radiogen QAbstractScrollArea#metagenes {{ background: {p.background}; }}
QWidget#radiogen QComboBox QAbstractItemView {{
    background: {p.field}; color: {p.text}; selection-background-color: {p.selection}; }}
QWidget#radiogen QHeaderView::section {{
    background: {p.field}; color: {p.muted}; border: none; padding: 1px 3px; font-size: 10px; }}
QWidget#radiogen QProgressBar {{
    background: {p.field}; border: none; border-radius: 2px; max-height: 5px; }}
QWidget#radiogen QProgressBar::chunk {{ background: {p.accent}; border-radius: 2px; }}
QFrame#card {{
    background: {p.field}; border: 1px solid {p.border}; border-radius: 3px; }}
QWidget#radiogen QCheckBox {{ color: {p.text}; font-size: 11px; background: transparent; }}
"""
