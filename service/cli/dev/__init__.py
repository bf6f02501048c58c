"""`ringline serve --dev`: everything set up, nothing to configure, two links to click."""


def run(*, lan: bool) -> int:
    """Serve on this machine, or with `lan` on its network, until a signal; gives the exit status.

    Raises:
        SettingsError: something that is set is wrong.
    """
    # Here, so that whoever needs a coturn or a free port need not load the whole service.
    from service.cli.dev import serving  # noqa: PLC0415

    return serving.run(lan=lan)
