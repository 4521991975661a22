# syntax=docker/dockerfile:1
# Sluice in a container: docker build -t sluice .
#
# The base image is pinned by its version, which is that of package.json's own Node. Pin its digest too where you
# build for production (node:26.10.0-slim@sha256:…): what a tag names can be changed.

FROM node:26.10.0-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Without npm's pre-scripts: they look after a checkout.
RUN npm run build --ignore-scripts

FROM node:26.10.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:26.10.0-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY bin ./bin
COPY deploy/config /etc/sluice
COPY package.json LICENSE README.md ./
RUN mkdir --mode=0700 /var/lib/sluice && chown node:node /var/lib/sluice && ln -s /app/bin/sluice.mjs /usr/local/bin/sluice

# By number (it is the image's user "node"), so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /var/lib/sluice
EXPOSE 8787
# Ready, not only alive: while it drains it takes nothing new.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["sluice"]
CMD ["serve", "--config", "/etc/sluice/sluice.yaml", "--data", "/var/lib/sluice", "--host", "0.0.0.0", "--port", "8787"]
