"""The image, built and run for real: `make image-test`."""
