# The whole program in an image with nothing else: no shell, no libraries, no user but the one that it runs as.
#
#   docker build -t holdall .
#   docker run -d --name holdall -p 8090:8090 -v holdall:/data --read-only --cap-drop ALL holdall
#
# docs/install.md has more. Another file that was built already takes the place of the first stage with
# `--build-context build=DIR`, where DIR has `out/holdall` and an empty folder `out/data`.

FROM rust:1.95-alpine AS build
RUN apk add --no-cache build-base
WORKDIR /holdall
COPY . .
# On Alpine, programs are linked statically with musl by default. scripts/dist says why libgcc.
RUN RUSTFLAGS="--remap-path-prefix=/usr/local/cargo=/cargo -C link-arg=-lgcc" cargo build --locked --profile dist \
    && mkdir -p /out/data \
    && cp target/dist/holdall /out/holdall

FROM scratch
COPY --from=build --chmod=755 /out/holdall /holdall
# A volume takes over the owner of the folder that it is mounted on.
COPY --from=build --chown=65532:65532 --chmod=700 /out/data /data
ENV HOLDALL_DATA_DIR=/data HOLDALL_HTTP=0.0.0.0:8090
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/holdall", "health"]
ENTRYPOINT ["/holdall"]
