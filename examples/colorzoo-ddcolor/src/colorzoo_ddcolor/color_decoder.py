"""The colour decoder (section 3.2): queries that look at the features of three scales, in turn."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 8
TEMPERATURE = 10_000


class Attention(nn.Module):
    """Attention, added to what asks, then normed; places are added to queries and keys alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, query: Tensor, place: Tensor, memory: Tensor, memory_place: Tensor) -> Tensor:
        answer, _ = self.attention(query + place, memory + memory_place, memory, need_weights=False)
        return self.norm(query + answer)


class FeedForward(nn.Module):
    """Two layers on each query, added to it, then normed."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, query: Tensor) -> Tensor:
        return self.norm(query + self.linear2(F.relu(self.linear1(query))))


class Perceptron(nn.Module):
    """Three layers that make a query a vector over the channels of the picture's features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        *inner, last = self.layers
        for layer in inner:
            x = F.relu(layer(x))
        return last(x)


class ColorDecoder(nn.Module):
    """As many maps as queries: how far each pixel's features are those that a query came to stand for.

    width: channels of queries and of the finest features. levels: channels of the features looked at.
    """

    def __init__(self, width: int, levels: tuple[int, ...], queries: int, layers: int) -> None:
        super().__init__()
        self.query_feat = nn.Embedding(queries, width)
        self.query_embed = nn.Embedding(queries, width)
        self.level_embed = nn.Embedding(len(levels), width)
        self.input_proj = nn.ModuleList(nn.Conv2d(level, width, 1) for level in levels)
        self.cross_attention = nn.ModuleList(Attention(width) for _ in range(layers))
        self.self_attention = nn.ModuleList(Attention(width) for _ in range(layers))
        self.feed_forward = nn.ModuleList(FeedForward(width, 8 * width) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.color_embed = Perceptron(width)

    def forward(self, levels: list[Tensor], finest: Tensor) -> Tensor:
        """Return maps (N, queries, H, W) of the finest features (N, width, H, W) under coarser ones."""
        memories = [self._memory(index, level) for index, level in enumerate(levels)]
        place = self.query_embed.weight
        query = self.query_feat.weight.expand(len(finest), -1, -1)
        layers = zip(self.cross_attention, self.self_attention, self.feed_forward, strict=True)
        for index, (look, confer, digest) in enumerate(layers):
            query = look(query, place, *memories[index % len(memories)])
            query = digest(confer(query, place, query, place))
        return torch.einsum("nqc,nchw->nqhw", self.color_embed(self.decoder_norm(query)), finest)

    def _memory(self, index: int, level: Tensor) -> tuple[Tensor, Tensor]:
        """Return a level's pixels (N, h w, width), marked as that level's, and their places."""
        pixels = self.input_proj[index](level).flatten(2).transpose(1, 2)
        return pixels + self.level_embed.weight[index], sine_places(level, self.level_embed.embedding_dim)


def sine_places(level: Tensor, width: int) -> Tensor:
    """Return sines of the places of pixels (h w, width), half of rows, half of columns (DETR, A.4)."""
    height, breadth = level.shape[-2:]
    rows = _waves(height, width // 2, level.device)[:, None].expand(-1, breadth, -1)
    columns = _waves(breadth, width // 2, level.device)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1)


def _waves(length: int, width: int, device: torch.device) -> Tensor:
    """Return sines and cosines (length, width) in turn, of places that end at a full circle."""
    places = torch.arange(1, length + 1, dtype=torch.float32, device=device) / (length + 1e-6) * 2 * math.pi
    steps = torch.arange(0, width, 2, dtype=torch.float32, device=device)
    angles = places[:, None] / TEMPERATURE ** (steps / width)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
