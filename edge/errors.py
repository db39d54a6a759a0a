"""Every error that sign-edge raises on purpose.

EdgeError                 exit 1: a fault while running
|- SourceError            a camera, video, folder or archive cannot be read
|  `- ArchiveError        a landmark archive's arrays are wrong
|- SpeechError            the speech engine cannot speak
|- BrokerError            the broker does not answer, refuses us, or keeps what it should not
`- SetupError             exit 2: nothing a restart could cure
   |- ConfigError         a setting is unknown, of the wrong type or out of range
   |- BundleError         a model bundle does not fit this program
   `- DependencyError     a package is missing or clashes with another
"""


class EdgeError(Exception):
    """A fault that ends the current work; its message is one line for the owner."""

    exit_code = 1


class SourceError(EdgeError):
    """A camera, video, folder or archive cannot be read."""


class ArchiveError(SourceError):
    """A landmark archive's arrays are missing, malformed or disagree."""


class SpeechError(EdgeError):
    """The speech engine cannot speak."""


class BrokerError(EdgeError):
    """The broker does not answer, refuses us, or keeps what it should not."""


class SetupError(EdgeError):
    """The installation or configuration is wrong; a restart would not help."""

    exit_code = 2


class ConfigError(SetupError):
    """A setting is unknown, of the wrong type or out of range."""


class BundleError(SetupError):
    """A model bundle is damaged or was made for another version of the features."""


class DependencyError(SetupError):
    """A package is missing or clashes with another."""
