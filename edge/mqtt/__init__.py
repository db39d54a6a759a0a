"""Words to the broker, orders from it; Home Assistant; other devices on it."""
