"""The running device: settings in force, orders, news, health."""
