"""試験用の県: a small prefecture over the real adapters, for tests of the whole job."""
