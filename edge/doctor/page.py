"""Checks whether the page can be served, and to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edge.doctor.finding import Finding
from edge.errors import ConfigError, DependencyError
from edge.page.start import make_hub

if TYPE_CHECKING:
    from edge.config.settings import Settings

_INSTALL: Final = "run scripts/setup --extras web, or leave page.enabled at false"
_SECRETS: Final = (
    "run sign-edge page password (for the service: with sudo), or correct the page's settings; "
    "where a file cannot be read, run this with sudo"
)
_ENCRYPT: Final = (
    "passwords and pictures cross the network as they are; set page.cert_file and page.key_file "
    "where others are on it"
)


def check_page(settings: Settings) -> Finding:
    """Look for the page's packages, password and certificate."""
    page = settings.page
    if not page.enabled:
        return Finding("page", True, "off")
    try:
        make_hub(settings)
        from edge.page.access import Access
        from edge.page.server import check_certificate

        access = Access(page)
        check_certificate(page)
    except DependencyError as error:
        return Finding("page", False, str(error), _INSTALL)
    except ConfigError as error:
        return Finding("page", False, str(error), _SECRETS)
    scheme = "https" if page.cert_file else "http"
    lock = "with a password" if access.needs_login else "without a password"
    text = f"{scheme}://{page.host}:{page.port}, {lock}"
    is_bare = not access.is_local and not page.cert_file
    return Finding("page", True, text, _ENCRYPT if is_bare else "")
