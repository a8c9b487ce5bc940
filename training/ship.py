"""Copy trained models into the package and rewrite the index.

    python training/ship.py runs/mcgan=default runs/null-1=permuted runs/unet=support

Each argument is a run folder and its role: default, support or permuted. A
model of the same name is replaced. A control report (the JSON of ``radiogen
evaluate control``) given by ``--control`` goes into the card of the model that it
judges. A model that holds patients of a surrogate or real cohort is refused.
With ``--cohort`` the default generator gets its maps of raw genes, and with
``--baseline`` beside it those of an MC-GAN's gene code.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from napari_radiogen.errors import ModelError, RadiogenError
from napari_radiogen.evaluation.gene_maps import make_gene_maps
from napari_radiogen.inference.gene_map_file import maps_path, pack_maps
from napari_radiogen.inference.gene_painter import load_painter
from napari_radiogen.inference.generator import load_generator
from napari_radiogen.inference.library import find_model, load_model, models_dir
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.io.save import save_bytes, save_json, save_text
from napari_radiogen.models.checkpoint import digest

INDEX = models_dir() / "index.json"
#: Kinds of cohorts whose rows of expression belong to somebody.
REAL_GENES = ("surrogate", "real")
#: All shipped weights together, bytes.
MAX_TOTAL = 40_000_000


def main() -> None:
    """Read the arguments, copy, and write the index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", help="RUN=ROLE")
    parser.add_argument("--control", type=Path, help="JSON report for the card of its model")
    parser.add_argument("--cohort", type=Path, help="the default model's, for its gene maps")
    parser.add_argument("--baseline", type=Path, help="run folder of an mcgan-baseline")
    given = parser.parse_args()

    rows = {r["name"]: r for r in json.loads(INDEX.read_text())} if INDEX.is_file() else {}
    for item in given.runs:
        run, _, role = item.partition("=")
        row = ship(Path(run), role or "support")
        rows[row["name"]] = row
    ordered = sorted(rows.values(), key=lambda r: (r["role"] != "default", r["role"], r["name"]))
    if given.cohort:
        ordered[0]["maps_sha256"] = add_maps(ordered[0]["name"], given.cohort, given.baseline)
    save_json(INDEX, ordered)
    if given.control:
        report = json.loads(given.control.read_text())
        add_control(report["model"]["name"], report)
    total = sum(f.stat().st_size for f in models_dir().glob("*.safetensors"))
    print(f"{len(ordered)} models, {total / 1e6:.1f} MB")
    if total > MAX_TOTAL:
        sys.exit(f"more than {MAX_TOTAL / 1e6:.0f} MB")


def ship(run: Path, role: str) -> dict[str, Any]:
    """Copy one run's weights and card; return its row of the index."""
    entry = find_model(run)
    require_nobody(load_model(entry).description, run)
    models_dir().mkdir(exist_ok=True)
    save_bytes(models_dir() / f"{entry.name}.safetensors", entry.path.read_bytes())
    save_text(models_dir() / f"{entry.name}.md", (run / "model.md").read_text())
    # Maps of the weights that were replaced would be refused.
    maps_path(models_dir() / f"{entry.name}.safetensors").unlink(missing_ok=True)
    return {
        "name": entry.name,
        "file": f"{entry.name}.safetensors",
        "system": entry.system,
        "cohort": entry.cohort,
        "parameters": entry.parameters,
        "sha256": entry.sha256,
        "role": role,
        "subjects": list(entry.subject_ids) if _has_picker(entry.system, role) else [],
    }


def add_maps(name: str, cohort: Path, baseline: Path | None) -> str:
    """Write the gene maps beside a model; return their sha256."""
    generator = load_generator(str(models_dir() / f"{name}.safetensors"))
    if generator.cohort_kind in REAL_GENES:
        raise ModelError("has real genes; maps would hold its patients' rows", name)
    painter = None if baseline is None else load_painter(str(baseline))
    data = pack_maps(make_gene_maps(generator, open_cohort(cohort), painter))
    save_bytes(maps_path(models_dir() / f"{name}.safetensors"), data)
    return digest(data)


def require_nobody(about: dict[str, Any], run: Path) -> None:
    """Refuse a model that would publish rows of real patients.

    Raises
    ------
    ModelError
        When its genes are real and its patients are not drawn.
    """
    real = about["cohort"]["kind"] in REAL_GENES
    if real and any(s["split"] != "drawn" for s in about.get("subjects", ())):
        raise ModelError("holds patients with real genes; train with 'patients: drawn'", run)


def _has_picker(system: str, role: str) -> bool:
    return system == "mcgan" and role != "permuted"


def add_control(name: str, report: dict[str, Any]) -> None:
    """Put the table of control fidelity into a card, replacing an older one."""
    file = models_dir() / f"{name}.md"
    text = file.read_text().split("\n## Control of images by genes")[0]
    save_text(file, text.rstrip("\n") + "\n\n" + control_section(report))


def control_section(report: dict[str, Any]) -> str:
    """Return the report as Markdown, its permuted control in the same table."""
    lines = [
        "## Control of images by genes",
        f"{report['subjects']} test subjects of {report['patients']} patients, "
        f"{report['draws']} draws of noise and background; by "
        "`radiogen evaluate control`.",
        "",
        "| attribute | Spearman | 95 % interval | ceiling (ridge R2) | all genes at the mean "
        "| permuted genes, largest |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in report["attributes"].items():
        low, high = row["ci95"]
        null = report["permuted"].get(name, {}).get("max_abs")
        mean = report["mean_genes"].get(name, {})
        chance = mean.get("spearman") if isinstance(mean, dict) else mean
        lines.append(
            f"| {name} | {_two(row['spearman'])} | {_two(low)} to {_two(high)} | "
            f"{_two(row['ceiling'])} | {_two(chance)} | {_two(null)} |"
        )
    unet = report["measuring_unet"]
    lines += [
        "",
        f"- Leakage {report['leakage']:.4f}; background PSNR "
        f"{_two(report['background_psnr_db'])} dB before composition; composition exact: "
        f"{report['composite_exact']}.",
        f"- Diversity over noise {_two(report['diversity'])} of real; mask Dice "
        f"{_two(report['mask_dice'])}.",
        f"- The measuring U-Net's own Dice on real test nodules: {_two(unet['dice'])}.",
        f"- Permuted models: {report['permuted'].get('runs', 0)}.",
    ]
    return "\n".join(lines) + "\n"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    try:
        main()
    except RadiogenError as error:
        sys.exit(str(error))
