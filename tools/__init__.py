"""What maintainers use: the checker of outputs, benchmarks, builds and locks."""
