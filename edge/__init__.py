"""sign-edge: watches a camera, recognises signs, publishes and says the words.

The map, in the order of the flow; each package imports only those above it (docs/architecture.md):

=============  =====================================================================
errors         every error, drawn as a tree
system         what the operating system gives: paths, processes, journal, sensors
config         settings with their ranges; where they come from
messages       what passes between stages
tflite         the interpreter that runs the networks
camera         frames from cameras, streams and recordings; the motion gate
landmarks      frames to 75 points of one person; archives of such points
recognition    points to words: segments, features, networks, spelling, taught words
speech         words to the loudspeaker
mqtt           words to the broker, orders back; Home Assistant; other devices
device         the running device: settings in force, orders, news, watchdog
page           the device's web page
evaluation     how well everything works, and what it costs
dataset        videos and other people's data to landmark archives (extra train)
pipeline       wires the running device and starts its threads
doctor         ``sign-edge check``: every fault of an installation
training       landmark archives to networks and model bundles (extra train)
commands       one thin function for each command
=============  =====================================================================
"""

__version__ = "0.1.0"
