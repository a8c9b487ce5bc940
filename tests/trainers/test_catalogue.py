"""Every config file is read, and every system can be built and takes a step."""

import math
from pathlib import Path

import pytest

from napari_radiogen.errors import InputError
from napari_radiogen.io.cohort_store import open_cohort
from napari_radiogen.trainers.catalogue import CATALOGUE, read_any_config
from napari_radiogen.trainers.devices import make_fabric

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.yaml"))
SMALL = {
    "unet": {"base": 2, "batch_size": 4, "steps": 2},
    "mcgan": {
        "network": {"metagenes": 10, "base": 4, "discriminator_base": 4, "code_dim": 16},
        "batch": 4,
        "warm_steps": 1,
        "steps": 2,
    },
}


@pytest.mark.parametrize("file", CONFIGS, ids=lambda f: f.stem)
def test_every_config_names_its_system_and_is_valid(file):
    system, config = read_any_config(file)
    assert isinstance(config, CATALOGUE[system].config)


def test_a_config_without_a_known_system_is_refused(tmp_path):
    file = tmp_path / "c.yaml"
    for text in ("name: x\n", "system: none\n", "- 1\n"):
        file.write_text(text)
        with pytest.raises(InputError, match="names no known system"):
            read_any_config(file)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_system_takes_a_step(name, cohort):
    entry = CATALOGUE[name]
    config = entry.config.model_validate({"name": "tiny", "accelerator": "cpu", **SMALL[name]})
    system = entry.build(open_cohort(cohort), config, make_fabric(config))
    losses = system.step(system.draw(), config.steps - 1, 0.0)
    assert losses
    assert all(math.isfinite(v) for v in losses.values())
    assert system.candidate() is not None
