"""Every number and name that means something, with its unit and its reason."""

from __future__ import annotations

from typing import Final

RESEARCH_USE: Final = "Research use only - not for diagnosis"
SYNTHETIC: Final = "SYNTHETIC"
#: What headers of synthetic volumes say; NIfTI holds 79 characters.
SYNTHETIC_MARK: Final = f"{SYNTHETIC} - {RESEARCH_USE}"
#: What the genes of each kind of cohort are, said wherever a nodule or a number is shown.
COHORT_WORDS: Final = {
    "planted": "planted: invented genes",
    "phantom": "phantom: invented patients",
    "surrogate": "surrogate: others' genes",
    "real": "real patients",
}
#: The same at length, under figures.
COHORT_NOTES: Final[dict[str, str]] = {
    "planted": "planted cohort: real nodules with invented expression - the genes mean nothing",
    "phantom": "phantom cohort: procedural nodules with invented expression",
    "surrogate": "surrogate cohort: real genes paired with nodules of other patients",
    "real": "real cohort",
}

# --- intensities, HU ---------------------------------------------------------
HU_AIR: Final = -1000
#: What patches keep, mapped to [-1, 1]. Xu 2019: clip to [-1000, 500].
HU_PATCH_RANGE: Final = (-1000.0, 500.0)
#: (level, width) in HU, as radiologists set them.
WINDOWS_HU: Final[dict[str, tuple[float, float]]] = {
    "Lung": (-600.0, 1500.0),
    "Soft tissue": (40.0, 400.0),
    "Bone": (400.0, 1800.0),
    "Wide": (-250.0, 2500.0),
}
#: Above this a nodule voxel counts as solid rather than ground glass, HU.
HU_SOLID: Final = -160.0
#: Lung tissue and air lie below this, HU.
HU_LUNG_MAX: Final = -400.0

# --- patches -----------------------------------------------------------------
#: Field of view of planted and surrogate cohorts, whose patches are 50 mm.
FIELD_OF_VIEW_MM: Final = 48.0
PATCH_SIZE_PX: Final = 64
PIXEL_MM: Final = FIELD_OF_VIEW_MM / PATCH_SIZE_PX
#: Field of view of cohorts built from whole scans (Xu 2019), mm.
WHOLE_SCAN_FIELD_MM: Final = 60.0
#: The large tumour region of Li 2018: 128 pixels of 0.75 mm.
LTR_SIZE_PX: Final = 128
LTR_FIELD_OF_VIEW_MM: Final = 96.0
#: The tight tumour region of Li 2018: the mask's box, stretched to this side.
TTR_SIZE_PX: Final = 64
#: Clinical column that says whose nodule a surrogate subject shows.
NODULE_PATIENT: Final = "nodule_patient"
#: Nodules are kept this far from any background, mm (METHODS 1.6).
BACKGROUND_MARGIN_MM: Final = 4.0
#: The middle of a nodule-free background is lung below this median, HU.
HU_BACKGROUND_CENTRE_MAX: Final = -600.0

# --- measuring ---------------------------------------------------------------
#: Radius of the opening whose lost area is the spiculation of a mask, mm.
SPICULATION_OPENING_MM: Final = 1.5
#: Half-width of the band around a margin in which gradients are read, mm.
SPICULATION_BAND_MM: Final = 2.25
#: Attributes of a central slice that control fidelity is judged on.
ATTRIBUTES: Final = ("diameter", "mean_hu", "spiculation")
ATTRIBUTE_UNITS: Final[dict[str, str]] = {"diameter": "mm", "mean_hu": "HU", "spiculation": ""}

# --- blending ----------------------------------------------------------------
#: Up to this far from a synthetic mask the object is let through whole, mm.
BLEND_CORE_MM: Final = 1.5
#: From this far on the scan is untouched, mm: the margin of a nodule fades
#: within about two pixels of a patch, and 4.5 mm holds its transition zone.
BLEND_REACH_MM: Final = 4.5
#: A synthetic nodule is painted this far above and below its centre, mm; the
#: largest training nodules reach about 17 mm.
NODULE_REACH_MM: Final = 20.0
#: Vessels and gaps narrower than twice this count as lung when painting, mm.
LUNG_BRIDGE_MM: Final = 6.0
#: What a 12-bit CT stores, HU; composed voxels are clipped to it.
HU_STORED_RANGE: Final = (-1024, 3071)

# --- genes -------------------------------------------------------------------
METAGENE_COUNT: Final = 100
GENE_CODE_DIM: Final = 128

# --- labels ------------------------------------------------------------------
LABEL_BACKGROUND: Final = 0
LABEL_TUMOUR: Final = 1

# --- session -----------------------------------------------------------------
#: Metagene sliders stop here, in training z-scores: no cohort of 1,000 reaches it.
METAGENE_Z_LIMIT: Final = 5.0
#: Steps that undo remembers; a step is a few hundred bytes.
UNDO_LIMIT: Final = 200
#: Finished nodules kept for undo and A/B; each holds about 2 MB.
RESULT_CACHE_SIZE: Final = 16
#: Sessions that the list of recent ones holds.
RECENT_LIMIT: Final = 8
#: A changed session is kept for recovery this often, s.
AUTOSAVE_S: Final = 20
#: Sessions of windows that crashed are offered this many, the newest first.
UNSAVED_LIMIT: Final = 3
#: Nodules in one scan; each is painted, kept and drawn on its own.
NODULE_LIMIT: Final = 12
#: Seeds lie in [0, SEED_LIMIT): what every generator's noise accepts.
SEED_LIMIT: Final = 2**31
#: Neighbours that place the live marker on the gene map.
MAP_NEIGHBOURS: Final = 8
#: Nearest subjects that the out-of-cohort gauge names.
GAUGE_NEIGHBOURS: Final = 5
#: Percentiles of the gauge: from the first on genes are unusual, and the panel
#: warns; from the second on they lie beyond the cohort, and it asks.
GAUGE_UNUSUAL: Final = 90.0
GAUGE_BEYOND: Final = 99.0

# --- the machine -------------------------------------------------------------
#: Name of our folders among those of other applications.
APP_NAME: Final = "napari-radiogen"
#: Environment variable that names the folder of public scans for the tests.
DATA_VARIABLE: Final = "RADIOGEN_DATA"
