import pytest

from napari_radiogen.errors import ModelError
from napari_radiogen.inference.slice_reader import load_reader
from napari_radiogen.models.checkpoint import pack
from napari_radiogen.models.unet import UNet


def _file(path, base):
    about = {"system": "unet", "name": "a", "parameters": 1, "cohort": {"name": "x"}}
    tensors = {f"network.{n}": t for n, t in UNet(base=1).state_dict().items()}
    path.write_bytes(pack(tensors, {**about, "config": {"base": base}}))
    return str(path)


def test_a_file_of_weights_becomes_a_reader(tmp_path):
    assert load_reader(_file(tmp_path / "a.safetensors", 1)).name == "a"


@pytest.mark.parametrize("base", [0, -1, 10**6, "wide", None])
def test_an_impossible_width_is_refused_before_a_network_is_made(tmp_path, base):
    with pytest.raises(ModelError, match="width"):
        load_reader(_file(tmp_path / "a.safetensors", base))
