# Ringline's image: the service and what it needs, on Python's own slim one, for uid 10001 and a
# read-only root. `make image-test` builds and tries it.
ARG BASE_IMAGE=python:3.13-slim-trixie
# The same Python, with a C compiler and Python's headers: change both together.
ARG BUILD_IMAGE=python:3.13-trixie

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
RUN python3 -m venv /opt/ringline
COPY requirements.lock requirements-build.lock ./
# The secret is optional: pip's configuration, where packages come from a mirror of one's own
# (`--secret id=pip,src=pip.conf`). It stays in no layer.
# segno and trustme are what `make run` adds; nothing here uses them.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/ringline/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock \
    && /opt/ringline/bin/pip uninstall --yes segno trustme
# What compiles reads the types of what the service uses, and goes no further than this stage.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    cp -r /opt/ringline /opt/compiler \
    && /opt/compiler/bin/python3 -m pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY tools/compiling.py tools/compiling.py
COPY service service
RUN HATCH_BUILD_HOOK_ENABLE_CUSTOM=true \
    /opt/compiler/bin/python3 -m pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /wheels . \
    && /opt/ringline/bin/pip install --no-cache-dir --no-index --no-deps /wheels/*.whl \
    && /opt/ringline/bin/pip uninstall --yes pip

FROM ${BASE_IMAGE}
RUN groupadd --gid 10001 ringline \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ringline \
    && rm -rf /usr/local/bin/pip* /usr/local/lib/python3.13/site-packages/pip* /usr/local/lib/python3.13/ensurepip
COPY --from=build /opt/ringline /opt/ringline
ENV PATH=/opt/ringline/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /
USER 10001:10001
EXPOSE 8001 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9090/healthz', timeout=2)"]
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Ringline" \
      org.opencontainers.image.description="WebRTC signalling for 1:1 audio and video calls" \
      org.opencontainers.image.licenses="ISC" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENTRYPOINT ["ringline"]
CMD ["serve"]
