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
# Leaves what it makes of the sources for every start.
RUN node server/cli.ts help > /dev/null
RUN mkdir /data && chown node:node /data
USER node
ENV JOTTA_S3_HOST=0.0.0.0 JOTTA_S3_PORT=9000 JOTTA_S3_CONSOLE_HOST=0.0.0.0 JOTTA_S3_DATA_DIR=/data
VOLUME /data
EXPOSE 9000 9001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "server/cli.ts"]
CMD ["serve"]
