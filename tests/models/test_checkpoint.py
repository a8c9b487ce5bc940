import pytest
import torch
from safetensors.torch import save
from torch import nn

from napari_radiogen.errors import ModelError
from napari_radiogen.models.checkpoint import digest, load_strictly, pack, unpack


def _packed(**changes):
    layer = nn.Linear(3, 2)
    tensors = {f"network.{k}": v for k, v in layer.state_dict().items()} | changes
    return layer, pack(tensors, {"name": "tiny"})


def test_weights_come_back_as_they_went():
    layer, data = _packed()
    tensors, about = unpack(data)
    other = load_strictly(nn.Linear(3, 2), tensors)
    assert about["name"] == "tiny"
    assert torch.equal(other.weight, layer.weight)
    assert not other.training


def test_the_same_weights_have_the_same_digest():
    layer = nn.Linear(3, 2)
    one, two = (pack(dict(layer.state_dict()), {"name": "tiny"}) for _ in range(2))
    assert digest(one) == digest(two)


def test_half_precision_is_computed_in_full():
    layer = nn.Linear(3, 2)
    data = pack({f"network.{k}": v.half() for k, v in layer.state_dict().items()}, {})
    other = load_strictly(nn.Linear(3, 2), unpack(data)[0])
    assert other.weight.dtype == torch.float32


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ModelError, match="not finite"):
        _packed(**{"network.bias": torch.tensor([0.0, float("nan")])})


@pytest.mark.parametrize("cut", [0, 7, 40, -1])
def test_a_cut_file_is_refused(cut):
    _, data = _packed()
    with pytest.raises(ModelError):
        unpack(data[:cut])


def test_foreign_safetensors_and_other_bytes_are_refused():
    with pytest.raises(ModelError, match="not a radiogen model"):
        unpack(save({"x": torch.zeros(2)}, metadata={"format": "pt"}))
    with pytest.raises(ModelError):
        unpack(b"\x80\x04" + b"x" * 500)


@pytest.mark.parametrize("text", ["[]", '"x"', "1", "null"])
def test_a_description_that_is_no_object_is_refused(text):
    data = save({"x": torch.zeros(2)}, metadata={"radiogen": text})
    with pytest.raises(ModelError, match="not a radiogen model"):
        unpack(data)


def test_missing_extra_and_misshapen_tensors_are_refused():
    layer, _ = _packed()
    state = {f"network.{k}": v for k, v in layer.state_dict().items()}
    missing = {"network.weight": state["network.weight"]}
    with pytest.raises(ModelError, match="do not fit"):
        load_strictly(nn.Linear(3, 2), missing)
    with pytest.raises(ModelError, match="do not fit"):
        load_strictly(nn.Linear(3, 2), state | {"network.more": torch.zeros(1)})
    with pytest.raises(ModelError, match=r"\(2, 4\)"):
        load_strictly(nn.Linear(3, 2), state | {"network.weight": torch.zeros(2, 4)})
