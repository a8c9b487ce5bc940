import pytest
import torch

from napari_radiogen.models.mcgan import GeneratorOutput, MCGANConfig
from napari_radiogen.trainers.mcgan_depth import closing_radii
from napari_radiogen.trainers.slices import SliceSet

CONFIG = MCGANConfig(metagenes=4, base=4, discriminator_base=4, code_dim=8)
SIDE, PIXEL = 64, 0.75


def _disc(radius_mm):
    y, x = torch.meshgrid(*[(torch.arange(SIDE) - 31.5) * PIXEL] * 2, indexing="ij")
    return (torch.hypot(y, x) < radius_mm).float()[None]


class _Cone(torch.nn.Module):
    """Narrows in proportion and closes at so many radii."""

    def __init__(self, radii):
        super().__init__()
        self.config, self.radii = CONFIG, radii
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def encode(self, metagenes):
        return metagenes

    def forward(self, background, code, dz_mm, noise):
        radius = 9 * (1 - dz_mm.abs() / (9 * self.radii))
        logits = torch.stack([_disc(float(r)) for r in radius]) - 0.5
        return GeneratorOutput(background, logits, logits)


def _balls():
    dz = torch.arange(-12.0, 13.0, 1.0)
    mask = torch.stack([_disc(max(0.0, 81 - float(z) ** 2) ** 0.5) for z in dz])
    count = len(dz)
    return SliceSet(
        image=mask,
        mask=mask.repeat(2, 1, 1, 1),
        paired=mask,
        dz_mm=dz.repeat(2),
        subject=torch.arange(2).repeat_interleave(count),
        metagenes=torch.zeros(2, 4),
        attributes=torch.zeros(2, 3),
        subject_ids=("a", "b"),
        backgrounds=torch.zeros(3, 1, SIDE, SIDE),
    )


@pytest.mark.parametrize("radii", [1.0, 4.0])
def test_it_finds_where_a_generator_closes(radii):
    assert closing_radii(_Cone(radii), _balls(), PIXEL) == pytest.approx(radii, rel=0.2)


def test_without_nodules_there_is_nothing_to_say():
    empty = _balls()
    empty.mask.zero_()
    assert closing_radii(_Cone(1.0), empty, PIXEL) is None
