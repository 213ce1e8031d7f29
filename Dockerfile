# ./mvnw package && docker build -t liferaft .
# The image holds what was built and tested outside, in layers that change more and more often.
FROM eclipse-temurin:25-jre-noble AS layers
WORKDIR /layers
COPY target/liferaft.jar liferaft.jar
RUN java -Djarmode=tools -jar liferaft.jar extract --layers --destination extracted

FROM eclipse-temurin:25-jre-noble
LABEL org.opencontainers.image.title="Liferaft" \
      org.opencontainers.image.description="A small replicated SQL database that brings itself back" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN install -d -o 10001 -g 10001 /var/lib/liferaft
WORKDIR /opt/liferaft
COPY --from=layers /layers/extracted/dependencies/ ./
COPY --from=layers /layers/extracted/spring-boot-loader/ ./
COPY --from=layers /layers/extracted/snapshot-dependencies/ ./
COPY --from=layers /layers/extracted/application/ ./
# The start script has the JVM options of pom.xml.
COPY --chmod=755 target/bin/liferaftd bin/liferaftd
# The start-up cache, for this Java and these files.
RUN bin/liferaftd train
# The second one has the start script read the variables of rqlite's image.
ENV LIFERAFT_NODE_DATADIR=/var/lib/liferaft/data \
    LIFERAFT_IMAGE=true
USER 10001:10001
VOLUME /var/lib/liferaft
EXPOSE 4001 4002
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/liferaft/bin/liferaftd"]
