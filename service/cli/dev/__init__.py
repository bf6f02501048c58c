"""`ringline serve --dev`: a service that needs no settings, and two links to call each other."""


def run(*, lan: bool) -> int:
    """Serve on this machine, or with `lan` on its network, until a signal; gives the exit status.

    Raises:
        SettingsError: something that is set is wrong.
    """
    # Here, so that importing `coturn` or `ports` does not load the whole service.
    from service.cli.dev import serving  # noqa: PLC0415

    return serving.run(lan=lan)
