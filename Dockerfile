# Runs the sources as they are: Node strips the types itself. The `node` package, which puts Node 24 on
# machines with an older one, is left out: the image is Node 24.
FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY server ./server
COPY translate ./translate
COPY jotta ./jotta
RUN mkdir /data node_modules/.cache && chown node:node /data node_modules/.cache
USER node
# Leaves what it makes of the sources for every start. Node keeps that for each user apart, readable to nobody else.
RUN node server/cli.ts help > /dev/null
ENV JOTTA_S3_HOST=0.0.0.0 JOTTA_S3_PORT=9000 JOTTA_S3_CONSOLE_HOST=0.0.0.0 JOTTA_S3_DATA_DIR=/data
VOLUME /data
EXPOSE 9000 9001
STOPSIGNAL SIGTERM
# By the same variables as the server, also over TLS and on another port. Not well is also a server whose login has died.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/node", "server/health-check.ts"]
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--max-old-space-size=512", "server/cli.ts"]
CMD ["serve"]
