"""Where frames come from: cameras, streams, files and folders; and whether anything moves."""
