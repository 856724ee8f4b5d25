# One image per process:
#   docker build --target gateway --tag galaxy/gateway .
# See docs/deployment.md. The Node version is that of package.json's optionalDependencies; append a digest to the tag
# (node:26.10.0-slim@sha256:...) once you have chosen a build that you trust.
ARG NODE_IMAGE=node:26.10.0-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Without development packages and without the embedded PostgreSQL and Node. More than half of the rest are files that
# only compilers, debuggers and other systems read.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && find node_modules/sodium-native/prebuilds -mindepth 1 -maxdepth 1 ! -name 'linux-*' -exec rm -r {} +

# What browsers get is bundled, which takes the development packages.
FROM ${NODE_IMAGE} AS web
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY lib lib
COPY infra/web infra/web
RUN node infra/web/build.ts

# Node runs the TypeScript files as they are. The running user owns nothing in the image, and only the Runtime Manager
# writes, to its volume, so the root may be read-only.
FROM ${NODE_IMAGE} AS process
# The first process of a container gets no signal that it does not yet listen to, and inherits orphans: tini is that
# process, passes signals on from its first moment, and reaps. It exits with the code of its child, or 128 and the
# number of the signal that ended it.
RUN apt-get update && apt-get install --yes --no-install-recommends tini=0.19.* && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY drizzle drizzle
COPY lib lib
COPY handlers handlers
COPY workers workers
COPY infra infra
USER 10001:10001
STOPSIGNAL SIGTERM

# Processes with a port have a health check over it. Those without a port have none: they run, or they end.
FROM process AS gateway
COPY --from=web /app/dist /web
ENV GATEWAY_APP_FOLDER=/web/app GATEWAY_BOARDS_FOLDER=/web/boards
EXPOSE 8080 9090 8088 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/gateway.ts"]

FROM process AS lobby-http
EXPOSE 8094 8095 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8094/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "infra/node/lobby-http.ts"]

FROM process AS enrollment-automation
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/enrollment-automation.ts"]

FROM process AS pending-registration-expirer
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/pending-registration-expirer.ts"]

FROM process AS runtime-job-results
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/runtime-job-results.ts"]

FROM process AS gm-lobby-events
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/gm-lobby-events.ts"]

FROM process AS user-lifecycle
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/user-lifecycle.ts"]

FROM process AS lobby-outbox-relay
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/lobby-outbox-relay.ts"]

FROM process AS lobby-all-in-one
EXPOSE 8094 8095 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8094/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/lobby-all-in-one.ts"]

FROM process AS backend-http
EXPOSE 8081 8082 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8081/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "infra/node/backend-http.ts"]

FROM process AS backend-push
EXPOSE 9092 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "grpc://127.0.0.1:9092"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/backend-push.ts"]

FROM process AS backend-mail
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/backend-mail.ts"]

FROM process AS backend-notifications
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/backend-notifications.ts"]

FROM process AS backend-outbox-relay
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/backend-outbox-relay.ts"]

FROM process AS backend-all-in-one
EXPOSE 8081 8082 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8081/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/backend-all-in-one.ts"]

FROM process AS game-master-http
EXPOSE 8097 8098 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8097/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "infra/node/game-master-http.ts"]

FROM process AS game-turns
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/game-turns.ts"]

FROM process AS gm-game-changes
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/gm-game-changes.ts"]

FROM process AS gm-outbox-relay
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/gm-outbox-relay.ts"]

FROM process AS game-master
EXPOSE 8097 8098 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8097/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/game-master.ts"]

FROM process AS console
EXPOSE 8085 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8085/readyz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/console.ts"]

# With RM_DRIVER=process the engines run in this container.
FROM process AS runtime-manager
USER 0:0
RUN mkdir --mode=0700 /data && chown 10001:10001 /data
USER 10001:10001
ENV RM_DATA_FOLDER=/data
EXPOSE 9464
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/runtime-manager.ts"]

# The engines, for RM_DRIVER=docker, which mounts a volume at /data.
FROM process AS four-in-a-row
USER 0:0
RUN mkdir --mode=0700 /data && chown 10001:10001 /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/four-in-a-row.ts"]

FROM process AS star-conquest
USER 0:0
RUN mkdir --mode=0700 /data && chown 10001:10001 /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=3m --retries=3 \
  CMD ["node", "infra/containers/health.ts", "http://127.0.0.1:8080/healthz"]
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/telemetry.ts", "workers/star-conquest.ts"]

# A job: brings the schemas up to date and ends.
FROM process AS migrate
ENTRYPOINT ["tini", "-s", "--", "node", "--import", "./infra/node/signals.ts", "infra/node/migrate.ts", "all"]
