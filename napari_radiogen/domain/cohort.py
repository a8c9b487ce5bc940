"""Cohorts: subjects, their patients, and a split that never parts a patient."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from napari_radiogen.constants import COHORT_WORDS, NODULE_PATIENT
from napari_radiogen.errors import CohortError

Split = Literal["train", "validation", "test"]
CohortKind = Literal["planted", "phantom", "surrogate", "real"]


@dataclass(frozen=True)
class Subject:
    """A row of a cohort: one tumour with genes.

    In a real cohort a subject is a patient; in a planted one a patient may
    lend several nodules, each with invented genes of its own. Two splits are
    no part of a cohort: ``own``, whom a person opened beside a model, and
    ``drawn``, who is nobody: drawn from a distribution of metagenes.
    """

    subject_id: str
    patient_id: str
    split: Split | Literal["own", "drawn"]
    clinical: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, float] = field(default_factory=dict)

    @property
    def people(self) -> frozenset[str]:
        """Ids of those whose genes or nodule it holds; two in a surrogate cohort."""
        lender = self.clinical.get(NODULE_PATIENT)
        return frozenset((self.patient_id, lender) if lender else (self.patient_id,))


def cohort_words(cohort: str) -> str:
    """Say what the genes of a cohort, ``kind:name``, are worth, in a few words."""
    kind = cohort.split(":")[0]
    return COHORT_WORDS.get(kind, f"{kind} cohort")


def people_of(subjects: Iterable[Subject]) -> frozenset[str]:
    """Return the ids of all whose genes or nodules some subjects hold."""
    return frozenset(person for s in subjects for person in s.people)


@dataclass(frozen=True)
class CohortSplit:
    """Subjects of training, validation and test.

    Raises
    ------
    CohortError
        When subjects of one patient stand in two splits.
    """

    train: tuple[Subject, ...]
    validation: tuple[Subject, ...]
    test: tuple[Subject, ...]

    def __post_init__(self) -> None:
        home: dict[str, str] = {}
        for name, group in self.groups().items():
            for subject in group:
                if home.setdefault(subject.patient_id, name) != name:
                    raise CohortError(f"patient {subject.patient_id} stands in two splits")

    def groups(self) -> dict[str, tuple[Subject, ...]]:
        """Return the subjects by the name of their split."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @classmethod
    def of(cls, subjects: tuple[Subject, ...]) -> CohortSplit:
        """Sort subjects into the splits that they name."""
        return cls(
            *(
                tuple(s for s in subjects if s.split == name)
                for name in ("train", "validation", "test")
            )
        )
