"""The few questions to a V4L2 device that OpenCV does not put: what it is, and its exposure.

Numbers are those of linux/videodev2.h and linux/v4l2-controls.h, the same on every 64-bit board.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_QUERYCAP: Final = 0x80685600
_S_CTRL: Final = 0xC008561C
_CAPABILITY: Final = struct.Struct("=16s32s32sIII12x")
"""Driver, card, bus, version, capabilities, capabilities of this node."""
_CONTROL: Final = struct.Struct("=Ii")
_CAPTURES: Final = 0x1 | 0x1000
"""Single-planar and multi-planar video capture."""
_EXPOSURE_AUTO: Final = 0x009A0901
_EXPOSURE_ABSOLUTE: Final = 0x009A0902
"""In units of 0.1 ms."""
_EXPOSURE_AUTO_PRIORITY: Final = 0x009A0903
"""Whether exposure may slow down the frame rate."""
_BY_HAND: Final = 1
_BY_ITSELF: Final = (3, 0)
"""Menu entries of EXPOSURE_AUTO: webcams know aperture priority, others full automatic."""


def captures(path: Path) -> bool | None:
    """Tell whether a node gives pictures; webcams have a second one that does not.

    Returns:
        None where it cannot be asked: no permission, or no V4L2 device.
    """
    try:
        with _opened(path) as device:
            answer = fcntl.ioctl(device, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return None
    return bool(_CAPABILITY.unpack(answer)[5] & _CAPTURES)


def set_exposure(path: Path, exposure: str, milliseconds: float) -> bool:
    """Have a webcam expose as wanted.

    Args:
        path: The device.
        exposure: steady (by itself, but never slower than the frame rate), auto (by itself) or
            manual.
        milliseconds: Of a manual exposure.

    Returns:
        Whether the camera took it; many lack one control or the other.
    """
    try:
        with _opened(path) as device:
            if exposure == "manual":
                _set(device, _EXPOSURE_AUTO, _BY_HAND)
                _set(device, _EXPOSURE_ABSOLUTE, max(1, round(milliseconds * 10)))
                return True
            for entry in _BY_ITSELF:
                with contextlib.suppress(OSError):
                    _set(device, _EXPOSURE_AUTO, entry)
                    break
            _set(device, _EXPOSURE_AUTO_PRIORITY, int(exposure == "auto"))
            return True
    except OSError:
        return False


def _set(device: int, control: int, value: int) -> None:
    fcntl.ioctl(device, _S_CTRL, _CONTROL.pack(control, value))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield device
    finally:
        os.close(device)
