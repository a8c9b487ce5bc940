"""Colours, sizes and the style sheet that all docks share."""

from __future__ import annotations

from typing import Final

BACKGROUND: Final = "#262930"
PANEL: Final = "#2c3038"
FIELD: Final = "#1f222a"
BUTTON: Final = "#414851"
BUTTON_HOVER: Final = "#4d5560"
TEXT: Final = "#f0f1f2"
MUTED: Final = "#9aa2ad"
ACCENT: Final = "#4a7fd4"
HANDLE: Final = "#8ab4f8"
SYNTHETIC_COLOR: Final = "#f5c065"
TUMOUR_COLOR: Final = "#62a8ff"
CROSSHAIR_COLOR: Final = "#6cb2e0"
GOOD: Final = "#4caf7d"
UNUSUAL: Final = "#e0a33c"
UNSEEN: Final = "#cf5656"

#: Okabe-Ito hues that stay apart for colour-blind readers, on dark ground.
CATEGORIES: Final = (
    "#56b4e9",
    "#e69f00",
    "#cc79a7",
    "#2bb38a",
    "#f0e442",
    "#d55e00",
    "#8f8fe8",
    "#b0b0b0",
)

STYLE_SHEET: Final = f"""
QWidget#radiogen {{ background: {BACKGROUND}; font-size: 11px; color: {TEXT}; }}
QWidget#radiogen QLabel {{ background: transparent; font-size: 11px; }}
QWidget#radiogen QLabel[role="title"] {{
    color: {MUTED}; font-weight: 700; font-size: 10px; padding-top: 2px; }}
QWidget#radiogen QLabel[role="strong"] {{ font-weight: 700; font-size: 11px; }}
QWidget#radiogen QLabel[role="note"] {{ color: {MUTED}; font-size: 10px; }}
QWidget#radiogen QLabel[role="warning"] {{ color: {SYNTHETIC_COLOR}; font-size: 10px; }}
QWidget#radiogen QPushButton, QWidget#radiogen QToolButton {{
    background: {BUTTON}; border: none; border-radius: 3px; padding: 4px 6px;
    min-height: 14px; font-size: 11px; }}
QWidget#radiogen QPushButton:hover, QWidget#radiogen QToolButton:hover {{
    background: {BUTTON_HOVER}; }}
QWidget#radiogen QPushButton:checked, QWidget#radiogen QPushButton[role="primary"] {{
    background: {ACCENT}; color: white; }}
QWidget#radiogen QPushButton:disabled {{ background: {PANEL}; color: #6b727c; }}
QWidget#radiogen QLineEdit, QWidget#radiogen QComboBox, QWidget#radiogen QSpinBox {{
    background: {FIELD}; border: 1px solid #3b414b; border-radius: 3px;
    padding: 2px 5px; min-height: 16px; font-size: 11px; }}
QWidget#radiogen QComboBox:hover, QWidget#radiogen QLineEdit:focus {{
    border-color: {ACCENT}; }}
QWidget#radiogen QTableWidget {{
    background: {FIELD}; border: none; gridline-color: transparent; font-size: 11px;
    alternate-background-color: {FIELD}; selection-background-color: #33486b; }}
QWidget#radiogen QTableWidget::item {{ padding: 0 3px; }}
QWidget#radiogen QHeaderView::section {{
    background: {FIELD}; color: {MUTED}; border: none; padding: 1px 3px; font-size: 10px; }}
QWidget#radiogen QProgressBar {{
    background: {FIELD}; border: none; border-radius: 2px; max-height: 5px; }}
QWidget#radiogen QProgressBar::chunk {{ background: {ACCENT}; border-radius: 2px; }}
QWidget#radiogen QCheckBox {{ font-size: 11px; background: transparent; }}
"""
