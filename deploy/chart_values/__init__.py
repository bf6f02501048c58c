"""What the chart says of its values, from `values.yaml` and the settings: schema, README."""
