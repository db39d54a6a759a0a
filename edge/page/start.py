"""Puts the page of a running device together; importable without the extra ``web``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge import __version__
from edge.system.optional_packages import need

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.config.settings import Settings
    from edge.page.context import Device
    from edge.page.hub import Hub
    from edge.page.server import PageServer

_PACKAGES = ("starlette", "uvicorn", "websockets", "python_multipart", "prometheus_client")


def make_hub(settings: Settings) -> Hub | None:
    """Make what the page watches by; None where there is no page.

    Raises:
        DependencyError: The page is wanted, and a package that it needs is missing.
    """
    if not settings.page.enabled:
        return None
    need(*_PACKAGES, extra="web", purpose="page.enabled = true")
    from edge.page.hub import Hub

    return Hub(__version__)


def make_server(
    settings: Settings,
    hub: Hub,
    device: Device,
    figures: Callable[[], dict[str, object]],
    hung: Callable[[], list[str]],
) -> PageServer:
    """Make the page's server.

    Raises:
        ConfigError: A password is missing, or a file of it is unusable.
    """
    from edge.camera.source import source_kind
    from edge.page.access import Access
    from edge.page.context import PageContext
    from edge.page.logs import LogRing
    from edge.page.server import PageServer

    page = PageContext(
        settings=settings.page,
        device=device,
        hub=hub,
        access=Access(settings.page),
        logs=LogRing(),
        device_name=settings.mqtt.device_id,
        version=__version__,
        has_camera=source_kind(settings.camera.source) != "archive",
        figures=figures,
        hung=hung,
    )
    return PageServer(page)
