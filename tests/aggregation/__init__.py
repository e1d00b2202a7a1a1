"""The whole job over the real adapters: files in, files out."""
