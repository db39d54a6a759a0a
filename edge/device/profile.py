"""Joins configuration and choices of the owner into the settings in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from edge.device.choices import Choices, find_options
from edge.recognition.bundle import find_bundle, read_bundle

if TYPE_CHECKING:
    from edge.config.options import Options
    from edge.config.settings import Settings
    from edge.recognition.bundle import Bundle

_SETTLED_AT_START: Final = ("camera", "landmarks", "mqtt", "page", "health")
"""Sections that a new configuration does not change before a restart.

They are kept here as they were, so that nobody who follows a profile need know which they are.
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """One consistent set of settings, with the model that they name."""

    configured: Settings
    """As file, environment and command line say."""

    configured_bundle: Bundle
    """The model that they name."""

    choices: Choices
    """As the owner says."""

    options: Options
    """What there was to choose from."""

    settings: Settings
    """What comes of both."""

    bundle: Bundle
    """The model that these name."""

    def choosing(self, newer: Choices | None) -> Profile:
        """Let newer choices beat the present ones; None forgets them all.

        Raises:
            BundleError: The model cannot be read.
        """
        choices = Choices() if newer is None else self.choices.merged(newer)
        settings = choices.over(self.configured, self.options)
        name = settings.classifier.bundle
        if name == self.settings.classifier.bundle:
            bundle = self.bundle
        elif name == self.configured.classifier.bundle:
            bundle = self.configured_bundle
        else:
            bundle = read_bundle(find_bundle(name))
        return replace(self, choices=choices, settings=settings, bundle=bundle)

    def needing_restart(self, configured: Settings) -> list[str]:
        """Name the sections of a new configuration that take effect only after a restart."""
        return [
            section
            for section in _SETTLED_AT_START
            if getattr(configured, section) != getattr(self.configured, section)
        ]

    def reconfigured(self, configured: Settings, bundle: Bundle) -> Profile:
        """Follow a new configuration and its model; the owner's choices stay.

        Raises:
            BundleError: A model that the owner chose cannot be read.
        """
        settled = {section: getattr(self.configured, section) for section in _SETTLED_AT_START}
        plain = make_profile(configured.model_copy(update=settled), bundle)
        return plain.choosing(self.choices)

    def is_adjustment_of(self, earlier: Profile) -> bool:
        """Whether choices left model and mode as they were, so that nothing need be loaded."""
        return (
            self.bundle is earlier.bundle
            and self.settings.spelling.mode == earlier.settings.spelling.mode
        )


def make_profile(configured: Settings, bundle: Bundle) -> Profile:
    """Follow a configuration and its model alone."""
    return Profile(configured, bundle, Choices(), find_options(configured), configured, bundle)
