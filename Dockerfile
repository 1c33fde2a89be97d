# Built in one stage, run in another: the image holds the program, its weights and three libraries.
FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY Config/install-dependencies.sh Config/
RUN Config/install-dependencies.sh
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
# x86-64-v4 where every processor that the image shall run on has AVX-512.
ARG PROCESSOR=x86-64-v3
RUN AMALGAM_PROCESSOR=$PROCESSOR swift build -c release --product amalgam --static-swift-stdlib \
    && mkdir /out \
    && cp -r .build/release/amalgam .build/release/amalgam_Fusion.resources /out/

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpng16-16 zlib1g libsqlite3-0 libstdc++6 curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/amalgam amalgam
COPY --from=build /out /opt/amalgam
USER amalgam
VOLUME /var/lib/amalgam
HEALTHCHECK --interval=30s --timeout=5s CMD ["curl", "-fsS", "http://127.0.0.1:8080/healthz"]
# Without access keys the service listens on loopback alone: run the container with --network host, or give it AMALGAM_KEYS and
# AMALGAM_HOST=0.0.0.0.
ENTRYPOINT ["/opt/amalgam/amalgam"]
CMD ["serve", "--data", "/var/lib/amalgam"]
