"""Choices as a tree of tokens: what several of them begin with stands in it once, and is read once behind each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class Trie:
    """Nodes in an order in which every parent comes before its children; -1 is the root, which stands for the prompt.

    `paths` holds, for each sequence that the tree was made of, its nodes from first token to last.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> Trie:
        """The tree of these token sequences."""
        tokens: list[int] = []
        parents: list[int] = []
        children: dict[tuple[int, int], int] = {}
        paths = []
        for sequence in sequences:
            node, path = -1, []
            for token in sequence:
                if (node, token) not in children:
                    children[node, token] = len(tokens)
                    tokens.append(token)
                    parents.append(node)
                node = children[node, token]
                path.append(node)
            paths.append(tuple(path))
        return cls(tuple(tokens), tuple(parents), tuple(paths))

    @cached_property
    def read(self) -> tuple[int, ...]:
        """The nodes that something follows: only these are read, what stands last is only predicted."""
        return tuple(sorted(set(self.parents) - {-1}))

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """Tokens between the prompt and each node that is read: 0 for a first token."""
        depth = {-1: -1}
        for node, parent in enumerate(self.parents):
            depth[node] = depth[parent] + 1
        return tuple(depth[node] for node in self.read)

    @cached_property
    def sees(self) -> Tensor:
        """Which nodes that are read each of them sees, [n, n]: those on its way from the prompt, and itself."""
        place = {node: index for index, node in enumerate(self.read)}
        sees = torch.eye(len(self.read), dtype=torch.bool)
        for index, node in enumerate(self.read):
            if (parent := self.parents[node]) != -1:
                sees[index] |= sees[place[parent]]
        return sees

    @cached_property
    def states(self) -> Tensor:
        """The state that predicts each node: 0 the prompt's last, k + 1 that of the k-th node that is read."""
        place = {-1: 0} | {node: index + 1 for index, node in enumerate(self.read)}
        return torch.tensor([place[parent] for parent in self.parents], dtype=torch.long)

    def sums(self, values: Sequence[float]) -> list[float]:
        """The sum of the nodes' values along each path."""
        total = [0.0] * len(self.tokens)
        for node, (parent, value) in enumerate(zip(self.parents, values, strict=True)):
            total[node] = value + (total[parent] if parent >= 0 else 0.0)
        return [total[path[-1]] if path else 0.0 for path in self.paths]


def lay_out(prompts: Sequence[Sequence[int]], trees: Sequence[Trie]) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids and positions [B, T], and who sees whom [B, T, T]: padded prompts, and behind them each one's nodes.

    A node sees the prompt and what lies between the prompt and itself; its position follows from that. Padding sees itself.
    """
    width, nodes = max(map(len, prompts)), max(len(tree.read) for tree in trees)
    ids = torch.zeros((len(prompts), width + nodes), dtype=torch.long)
    places = torch.zeros_like(ids)
    sees = torch.eye(width + nodes, dtype=torch.bool).repeat(len(prompts), 1, 1)
    before = torch.ones((width, width), dtype=torch.bool).tril()
    for row, (asked, tree) in enumerate(zip(prompts, trees, strict=True)):
        size, behind = len(asked), slice(width, width + len(tree.read))
        ids[row, :size] = torch.tensor(asked)
        ids[row, behind] = torch.tensor([tree.tokens[node] for node in tree.read], dtype=torch.long)
        places[row, :size] = torch.arange(size)
        places[row, behind] = size + torch.tensor(tree.depths, dtype=torch.long)
        sees[row, :size, :size] = before[:size, :size]
        sees[row, behind, :size] = True
        sees[row, behind, behind] = tree.sees
    return ids, places, sees
