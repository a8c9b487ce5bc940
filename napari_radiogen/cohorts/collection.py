"""Which CT and which mask belong together in a collection of DICOM files.

By content alone: a mask belongs to the CT series that it refers to, or, when
it names none that is here, to the only CT in its frame of reference.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_radiogen.cohorts.patient import PatientFiles
from napari_radiogen.io.dicom_index import FileFacts, Region

#: What people call the tumour in segment names, code meanings and contours.
TUMOUR = re.compile(
    r"tumou?r|nodule|neoplas|lesion|carcinoma|cancer|malignan|\bgtv|\bmass\b", re.IGNORECASE
)
#: Names of a mask's only region that say that it is something else.
ORGAN = re.compile(
    r"lung|lobe|heart|o?esophag|cord|spine|vertebra|liver|body|trachea|airway|bronch|rib\b|vessel"
    r"|aorta|kidney|spleen|stomach|\bptv|\bctv|external",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Series:
    """CT files that share a series UID."""

    uid: str
    files: tuple[FileFacts, ...]

    @property
    def frames(self) -> frozenset[str]:
        """Frames of reference that the files name."""
        return frozenset(frame for file in self.files for frame in file.frames)


@dataclass(eq=False)
class Person:
    """What a collection holds of one patient."""

    ct: dict[str, Series] = field(default_factory=dict)
    masks: list[FileFacts] = field(default_factory=list)
    folders: set[Path] = field(default_factory=set)


@dataclass(frozen=True)
class Paired:
    """A patient's files, or the reason why there are none."""

    files: PatientFiles | None = None
    reason: str = ""


def people(facts: Sequence[FileFacts]) -> dict[str, Person]:
    """Sort the files of a collection by the patient that their headers name."""
    found: dict[str, Person] = defaultdict(Person)
    slices: dict[tuple[str, str], list[FileFacts]] = defaultdict(list)
    for file in facts:
        if file.kind in ("ct", "mask"):
            person = found[file.patient]
            person.folders.add(Path(file.path).parent)
            if file.kind == "mask":
                person.masks.append(file)
            else:
                slices[file.patient, file.series_uid].append(file)
    for (patient, uid), files in slices.items():
        found[patient].ct[uid] = Series(uid, tuple(files))
    return dict(found)


def pair(patient_id: str, person: Person, unreadable: set[Path]) -> Paired:
    """Choose a patient's CT series and mask.

    Parameters
    ----------
    patient_id
        As the tables name the patient.
    person
        The patient's files.
    unreadable
        Folders that hold a file which should be DICOM and cannot be read.
    """
    if not person.ct:
        return Paired(reason="no CT")
    if not person.masks:
        return Paired(reason="no mask")
    outlined = [(mask, _tumour_of(mask)) for mask in person.masks]
    outlined = [(mask, regions) for mask, regions in outlined if regions]
    if not outlined:
        return Paired(reason="no mask of a tumour: no region is called one")
    reasons = []
    chosen: list[tuple[Series, FileFacts, tuple[Region, ...]]] = []
    for mask, regions in outlined:
        series, reason = _scan_of(mask, person)
        if series is None:
            reasons.append(reason)
        else:
            chosen.append((series, mask, regions))
    if not chosen:
        return Paired(reason=reasons[0])
    by_hand = [c for c in chosen if not all(region.automatic for region in c[2])]
    chosen = by_hand or chosen
    if len(chosen) > 1:
        count = len(chosen)
        return Paired(reason=f"{count} masks outline a tumour: keep one, or name it in a manifest")
    series, mask, regions = chosen[0]
    paths = sorted(file.path for file in series.files)
    if any(Path(path).parent in unreadable for path in paths):
        return Paired(reason="a file beside its slices cannot be read: one may be missing")
    numbers = tuple(sorted(region.number for region in regions))
    return Paired(PatientFiles(patient_id, tuple(paths), mask.path, numbers))


def _tumour_of(mask: FileFacts) -> tuple[Region, ...]:
    """Return the regions that are called a tumour, or the only one if it is no organ."""
    named = tuple(region for region in mask.regions if TUMOUR.search(region.label))
    if named or len(mask.regions) != 1:
        return named
    return () if ORGAN.search(mask.regions[0].label) else mask.regions


def _scan_of(mask: FileFacts, person: Person) -> tuple[Series | None, str]:
    named = [person.ct[uid] for uid in mask.refers_to if uid in person.ct]
    frames = frozenset(mask.frames)
    same = [s for s in named if not frames or not s.frames or frames & s.frames]
    if named and not same:
        return None, "mask of another frame of reference than the CT that it refers to"
    if not named:
        same = [series for series in person.ct.values() if frames & series.frames]
    if not same:
        return None, "mask of another frame of reference"
    if len(same) > 1:
        return None, f"{len(same)} CT series fit its mask: keep one, or name it in a manifest"
    return same[0], ""
