"""Multi-conditional GAN (Xu 2019), in plus mode (METHODS 1.4).

Differences from the publication, each named in METHODS: a 100-metagene front
end, the slice's offset ``dz`` from the nodule's centre as a condition,
sigmoid weight maps, the style applied inside the map, a blend weight of its
own for the output, group instead of batch normalisation, per-pixel noise.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from napari_radiogen.models.blocks import LEAK, Fusion, GluUp, conv

#: Offsets are divided by this before they enter a network, mm.
DZ_SCALE_MM = 10.0
#: Numbers that describe an offset: dz, its absolute value and its square, all scaled.
DZ_FEATURES = 3
#: A gene component counts this much where it enters an encoder.
COMPONENT_SCALE = 2.0


class MCGANConfig(BaseModel):
    """Sizes of generator and discriminator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spatial_dims: int = Field(default=2, ge=2, le=3)
    size_px: int = Field(default=64, ge=32, le=512, multiple_of=16)
    metagenes: int = Field(default=100, ge=1, le=10_000)
    code_dim: int = Field(default=128, ge=8, le=4096)
    noise_dim: int = Field(default=32, ge=1, le=4096)
    base: int = Field(default=16, ge=4, le=256, multiple_of=4)
    discriminator_base: int = Field(default=24, ge=4, le=256)

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels at full, half, quarter and eighth size."""
        return self.base, 2 * self.base, 4 * self.base, 4 * self.base


class Noise(NamedTuple):
    """Everything random in one image: ``z`` (B, noise_dim), maps per scale."""

    z: Tensor
    maps: tuple[Tensor, ...]


class GeneratorOutput(NamedTuple):
    """All (B, 1, H, W): image in [-1, 1], mask logits, blend weight in [0, 1]."""

    image: Tensor
    mask_logits: Tensor
    weight: Tensor


def dz_features(dz_mm: Tensor) -> Tensor:
    """(B,) offsets in mm -> (B, 3): dz, its absolute value and its square, scaled."""
    scaled = dz_mm / DZ_SCALE_MM
    return torch.stack((scaled, scaled.abs(), scaled**2), dim=1)


class GeneEncoder(nn.Module):
    """phi: metagene z-scores (B, K) -> code (B, D), two layers (Xu 2019)."""

    def __init__(self, metagenes: int, code_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(metagenes, code_dim),
            nn.LeakyReLU(LEAK),
            nn.Dropout(dropout),
            nn.Linear(code_dim, code_dim),
        )

    def forward(self, metagenes: Tensor) -> Tensor:
        """(B, K) -> (B, D)."""
        return torch.as_tensor(self.layers(metagenes))

    @torch.no_grad()
    def start_from(self, components: Tensor) -> Tensor:
        """Let the first units read gene components (A, K), each with both signs.

        Returns
        -------
        Tensor
            (D, K) the first layer's weights without the random rest.
        """
        first = self.layers[0].weight
        start = torch.zeros_like(first)  # type: ignore[arg-type]
        start[: 2 * len(components)] = COMPONENT_SCALE * torch.cat((components, -components))
        first[: 2 * len(components)] = start[: 2 * len(components)]  # type: ignore[operator, index]
        return start


class Generator(nn.Module):
    """Background, gene code, offset and noise to a slice with a nodule."""

    def __init__(self, config: MCGANConfig) -> None:
        super().__init__()
        self.config = config
        dims, (w0, w1, w2, w3) = config.spatial_dims, config.widths
        self.gene_encoder = GeneEncoder(config.metagenes, config.code_dim)
        self.mapping = nn.Sequential(
            nn.Linear(config.code_dim + config.noise_dim + DZ_FEATURES, config.code_dim),
            nn.LeakyReLU(LEAK),
            nn.Linear(config.code_dim, config.code_dim),
            nn.LeakyReLU(LEAK),
        )
        steps = ((1, w0, 1), (w0, w1, 2), (w1, w2, 2), (w2, w3, 2))
        self.encoder = nn.ModuleList(
            nn.Sequential(conv(dims, a, b, stride=s), nn.LeakyReLU(LEAK)) for a, b, s in steps
        )
        self.start_px = config.size_px // 8
        self.start = nn.Linear(config.code_dim, w3 * self.start_px**dims)
        self.fusions = nn.ModuleList(Fusion(dims, w, config.code_dim) for w in (w3, w2, w1, w0))
        self.ups = nn.ModuleList(GluUp(dims, a, b) for a, b in ((w3, w2), (w2, w1), (w1, w0)))
        self.head = conv(dims, w0, 3)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
                nn.init.orthogonal_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        with torch.no_grad():
            for fusion in self.fusions:
                fusion.style.affine.weight.mul_(0.5)  # type: ignore[union-attr, operator]
            # Few metagenes matter: all start small, and those that tell grow.
            self.gene_encoder.layers[0].weight.mul_(0.1)  # type: ignore[union-attr, operator]
            self.head.bias.copy_(torch.tensor([0.0, -2.0, -2.0]))  # type: ignore[union-attr, operator]

    def encode(self, metagenes: Tensor) -> Tensor:
        """Turn metagene z-scores (B, K) into codes (B, D)."""
        return torch.as_tensor(self.gene_encoder(metagenes))

    def features(self, background: Tensor) -> tuple[Tensor, ...]:
        """(B, 1, H, W) in [-1, 1] -> features at full to eighth size."""
        out = [background]
        for layer in self.encoder:
            out.append(layer(out[-1]))
        return tuple(out[1:])

    def forward(
        self, background: Tensor, code: Tensor, dz_mm: Tensor, noise: Noise
    ) -> GeneratorOutput:
        """Paint a nodule.

        Parameters
        ----------
        background
            (B, 1, H, W) in [-1, 1].
        code
            (B, D) from ``encode``.
        dz_mm
            (B,) offset of the slice from the nodule's centre.
        noise
            From :func:`draw_noise`.
        """
        style = self.mapping(torch.cat((code, noise.z, dz_features(dz_mm)), dim=1))
        bands = self.features(background)[::-1]
        grid = (self.start_px,) * self.config.spatial_dims
        x = self.start(style).view(len(style), -1, *grid) + bands[0]
        for i, fusion in enumerate(self.fusions):
            x = fusion(x, bands[i], style, noise.maps[i])
            if i < len(self.ups):
                x = self.ups[i](x)
        # In full precision: half would round the weight's small values away, and with
        # them what the background's loss has to see.
        with torch.autocast(x.device.type, enabled=False):
            full = F.leaky_relu(x.float(), LEAK)
            obj, mask_logits, weight = self.head(full).chunk(3, dim=1)
        weight = torch.sigmoid(weight)
        image = weight * torch.tanh(obj) + (1 - weight) * background
        return GeneratorOutput(image, mask_logits, weight)


def draw_noise(
    config: MCGANConfig, generators: list[torch.Generator], device: torch.device | str = "cpu"
) -> Noise:
    """Draw the noise of a batch, one seeded generator an image."""
    sizes = [config.size_px // 8 * 2**i for i in range(4)]
    shapes = [(1,) + (s,) * config.spatial_dims for s in sizes]
    z = torch.stack([torch.randn(config.noise_dim, generator=g) for g in generators])
    maps = tuple(
        torch.stack([torch.randn(shape, generator=g) for g in generators]) for shape in shapes
    )
    return Noise(z.to(device), tuple(m.to(device) for m in maps))


def scaled_noise(noise: Noise, scale: float) -> Noise:
    """Return quieter noise: the truncation trick (Brock 2019), by scaling."""
    return Noise(noise.z * scale, tuple(m * scale for m in noise.maps))


class Verdict(NamedTuple):
    """Scores (B, ...) of image, image with mask, image with mask and genes."""

    image: Tensor
    segmentation: Tensor
    genes: Tensor


class Discriminator(nn.Module):
    """Two encoders and three verdicts: D_I, D_IS and D_ISG (Xu 2019, fig. 1c).

    Plus mode: it looks at the middle of the patch (the border is background
    in real and synthetic slices alike, and would drown the verdict), has no
    batch normalisation but an R1 penalty in training, a gene mapping of its
    own with dropout, and takes the genes by concatenation and by projection.
    """

    def __init__(self, config: MCGANConfig) -> None:
        super().__init__()
        dims, base = config.spatial_dims, config.discriminator_base
        self.margin = config.size_px // 8
        seen = config.size_px - 2 * self.margin
        flat = 6 * base * (seen // 16) ** dims
        condition = config.code_dim + DZ_FEATURES
        self.image_encoder = self._encoder(dims, 1, base)
        self.pair_encoder = self._encoder(dims, 2, base)
        self.gene_encoder = GeneEncoder(config.metagenes, config.code_dim, dropout=0.3)
        self.image_head = nn.Linear(flat, 1)
        self.pair_head = nn.Linear(flat, 1)
        self.pair_features = nn.Sequential(nn.Linear(flat, config.code_dim), nn.LeakyReLU(LEAK))
        self.joint = nn.Sequential(
            nn.Linear(config.code_dim + condition, config.code_dim),
            nn.LeakyReLU(LEAK),
            nn.Linear(config.code_dim, 1),
        )
        self.projection = nn.Linear(condition, config.code_dim)
        self._initialise()

    @staticmethod
    def _encoder(dims: int, channels: int, base: int) -> nn.Sequential:
        layer = {2: nn.Conv2d, 3: nn.Conv3d}[dims]
        widths = (channels, base, 2 * base, 4 * base, 6 * base)
        layers: list[nn.Module] = []
        for a, b in itertools.pairwise(widths):
            layers += [layer(a, b, 4, 2, 1), nn.LeakyReLU(LEAK)]
        return nn.Sequential(*layers)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, LEAK)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            for head in (self.image_head, self.pair_head, self.joint[-1], self.projection):
                head.weight.mul_(0.1)  # type: ignore[union-attr, operator]

    def forward(self, image: Tensor, mask: Tensor, metagenes: Tensor, dz_mm: Tensor) -> Verdict:
        """(B, 1, H, W) twice, (B, K), (B,) -> three scores (B, 1), (B, 1), (B,)."""
        cut = [-self.margin] * 2 * (image.dim() - 2)
        image, mask = F.pad(image, cut), F.pad(mask, cut)
        pair = self.pair_encoder(torch.cat((image, mask), dim=1)).flatten(1)
        condition = torch.cat((self.gene_encoder(metagenes), dz_features(dz_mm)), dim=1)
        seen = self.pair_features(pair)
        project = (self.projection(condition) * seen).sum(dim=1) / seen.shape[1] ** 0.5
        joint = self.joint(torch.cat((seen, condition), dim=1))[:, 0] + project
        whole = self.image_encoder(image).flatten(1)
        return Verdict(self.image_head(whole), self.pair_head(pair), joint)
