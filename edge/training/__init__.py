"""Training tools (extra ``train``); the runtime never imports them."""
