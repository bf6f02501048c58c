"""The chart, rendered by Helm: `make chart-test`."""
