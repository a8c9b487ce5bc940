"""Render phantom patients, damage three of them on disk, and build a cohort of the rest.

    python benchmarks/phantom_cohort.py [--patients 12] [--out FOLDER]

The files are those of ``radiogen phantom``: DICOM CT, DICOM SEG, a GEO text
table and a clinical CSV. One patient loses a slice, one gets the SEG of another
scan, one loses the genes. Exits with 1 unless exactly these three are left out.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import pydicom

sys.path.insert(0, str(Path(__file__).parents[1]))

from napari_radiogen import cli
from napari_radiogen.cohorts.phantom import EXPRESSION_FILE

#: Patients by their place, and words of the reason that must be given for each.
NO_SLICE, OTHER_SCAN, NO_GENES = 3, 6, 9
REASONS = {NO_SLICE: "gap", OTHER_SCAN: "another frame of reference", NO_GENES: "no expression row"}


def identity(number: int) -> str:
    return f"PHANTOM-{number:04d}"


def remove_a_slice(dicom: Path, number: int) -> None:
    slices = sorted((dicom / identity(number) / "ct").glob("*.dcm"))
    slices[len(slices) // 2].unlink()


def give_the_mask_of(dicom: Path, number: int, other: int) -> None:
    """Replace a mask by that of another scan, under the patient's own name."""
    mask = pydicom.dcmread(dicom / identity(other) / "nodule.dcm")
    mask.PatientID = identity(number)
    mask.PatientName = f"{identity(number)}^"
    mask.save_as(dicom / identity(number) / "nodule.dcm")


def remove_genes(table: Path, number: int) -> None:
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    column = rows[0].index(identity(number))
    table.write_text("".join("\t".join(r[:column] + r[column + 1 :]) + "\n" for r in rows))


def command(*words: str) -> dict[str, object]:
    """Run a command of radiogen and return its JSON."""
    print("radiogen", *words, flush=True)
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = cli.main([*words, "--json"])
    if code:
        sys.exit(code)
    return json.loads(printed.getvalue())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where to keep the files")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = asked.out or Path(name)
        start = time.monotonic()
        folder, out = root / "phantoms", root / "cohort"
        many, seed = str(asked.patients), str(asked.seed)
        command("phantom", "--out", str(folder), "--patients", many, "--seed", seed)
        print(f"rendered in {time.monotonic() - start:.0f} s")
        remove_a_slice(folder / "dicom", NO_SLICE)
        give_the_mask_of(folder / "dicom", OTHER_SCAN, OTHER_SCAN + 1)
        remove_genes(folder / EXPRESSION_FILE, NO_GENES)
        said = ["--ct", str(folder / "dicom"), "--expression", str(folder / EXPRESSION_FILE)]
        said += ["--clinical", str(folder / "clinical.csv"), "--out", str(out), "--workers", "1"]
        report = command("cohort", "build", *said)
        command("cohort", "check", str(out))
        left_out = {one["patient"]: one["reason"] for one in report["rejected"]}
        print(f"{report['subjects']} of {many} patients: {report['split']}")
        for patient, reason in left_out.items():
            print(f"{patient}: {reason}")
    named = set(left_out) == {identity(n) for n in REASONS} and all(
        words in left_out[identity(n)] for n, words in REASONS.items()
    )
    whole = report["subjects"] == asked.patients - len(REASONS)
    print(f"cohort of {report['subjects']}, the three named: {named}")
    return 0 if named and whole else 1


if __name__ == "__main__":
    sys.exit(main())
