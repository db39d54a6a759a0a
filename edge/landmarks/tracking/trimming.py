"""Leaves out of a TFLite model what makes outputs that nobody reads.

A runtime computes every operator of a model, asked for or not. The file is a FlatBuffer
(tensorflow/lite/schema/schema.fbs): its list of operators, in the order in which they run, and
its list of outputs are shortened in place; all else stays as it is.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_UINT: Final = struct.Struct("<I")
_INT: Final = struct.Struct("<i")
_SHORT: Final = struct.Struct("<H")
_SUBGRAPHS: Final = 2
"""Field of Model."""
_GRAPH_OUTPUTS: Final = 2
"""Field of SubGraph."""
_OPERATORS: Final = 3
"""Field of SubGraph."""
_INPUTS: Final = 1
"""Field of Operator."""
_OUTPUTS: Final = 2
"""Field of Operator."""


def trim(model: bytes, keep: Collection[int]) -> bytes:
    """Keep some outputs of a model and the operators that these need.

    Args:
        model: A TFLite file with one subgraph.
        keep: Places of the outputs to be kept.
    """
    buffer = bytearray(model)
    (graph,) = _tables(buffer, _vector(buffer, _root(buffer), _SUBGRAPHS))
    outputs = _vector(buffer, graph, _GRAPH_OUTPUTS)
    kept = [number for k, number in enumerate(_numbers(buffer, outputs)) if k in keep]
    place = _vector(buffer, graph, _OPERATORS)
    operators = _tables(buffer, place)
    needed: set[int] = set(kept)
    used = []
    for operator in reversed(operators):
        if needed.intersection(_numbers(buffer, _vector(buffer, operator, _OUTPUTS))):
            needed.update(_numbers(buffer, _vector(buffer, operator, _INPUTS)))
            used.append(operator)
    used.reverse()
    _write(buffer, outputs, kept, _INT)
    # A table is named by its distance from where it is named.
    starts = range(place + _UINT.size, place + _UINT.size * (len(used) + 1), _UINT.size)
    _write(buffer, place, [at - start for at, start in zip(used, starts, strict=True)], _UINT)
    return bytes(buffer)


def _root(buffer: bytearray) -> int:
    return int(_UINT.unpack_from(buffer, 0)[0])


def _vector(buffer: bytearray, table: int, field: int) -> int:
    """Find where a table's vector begins, with its length; every one asked for here is there."""
    layout = table - _INT.unpack_from(buffer, table)[0]
    place = table + _SHORT.unpack_from(buffer, layout + 4 + 2 * field)[0]
    return int(place + _UINT.unpack_from(buffer, place)[0])


def _tables(buffer: bytearray, vector: int) -> list[int]:
    starts = range(vector + 4, vector + 4 + 4 * _UINT.unpack_from(buffer, vector)[0], 4)
    return [start + _UINT.unpack_from(buffer, start)[0] for start in starts]


def _numbers(buffer: bytearray, vector: int) -> tuple[int, ...]:
    count = _UINT.unpack_from(buffer, vector)[0]
    return struct.unpack_from(f"<{count}i", buffer, vector + _UINT.size)


def _write(buffer: bytearray, vector: int, values: Sequence[int], kind: struct.Struct) -> None:
    _UINT.pack_into(buffer, vector, len(values))
    for k, value in enumerate(values):
        kind.pack_into(buffer, vector + _UINT.size + k * kind.size, value)
