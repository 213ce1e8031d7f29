package io.liferaft.api;

import io.liferaft.backup.BackupStatus;
import io.liferaft.backup.RestorePointFiles;
import io.liferaft.cdc.ChangeFeed;
import io.liferaft.queue.WriteQueue;
import io.liferaft.raft.NodeStatus;
import io.liferaft.raft.RaftNode;
import io.liferaft.restore.RestoreState;
import io.liferaft.security.AccessControl;
import io.liferaft.sqlite.SqliteStore;
import io.liferaft.sqlite.StoreStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import jakarta.servlet.Filter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.catalina.core.StandardHost;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.web.server.ConditionalOnManagementPort;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.actuate.endpoint.HealthEndpointGroups;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.util.Assert;

/** Puts the rqlite paths together and Tomcat into the state they need. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(HttpProperties.class)
@Import({OpenApiConfiguration.class, TlsConfiguration.class})
public class ApiConfiguration {

  /** With its buffer for a head of {@link #HEADER_BYTES}; 100 KB were measured. */
  private static final long BUSY_CONNECTION_BYTES = 100_000;

  /** Tomcat's own. */
  private static final int MOST_CONNECTIONS = 8192;

  /** Query strings of SQL are long; Go's own limit is a mebibyte, held per connection here. */
  private static final int HEADER_BYTES = 1 << 16;

  private static final int WRITTEN_BYTES = 32 * 1024;

  private static final int SWALLOWED_BYTES = 64 << 20;

  /** Behind the router, which leaves the actuator alone, and before what would read a body. */
  static final int ACTUATOR_ORDER = Ordered.HIGHEST_PRECEDENCE + 99;

  private static final String READINESS = "readiness";

  ApiConfiguration() {}

  @Bean
  SqlChecks sqlChecks(ObjectProvider<SqliteStore> store) {
    return SqlChecks.of(store);
  }

  @Bean
  RqliteRouter rqliteRouter(
      RaftNode raft,
      WriteQueue queue,
      SqlChecks checks,
      HttpProperties http,
      StatusReport status,
      AccessControl access,
      Environment environment,
      ObjectProvider<Supplier<RestoreState>> restore,
      ObjectProvider<HealthEndpoint> health,
      ObjectProvider<MeterRegistry> meters,
      ObjectProvider<ConnectionDrain> drain) {
    BodyLimit limit = new BodyLimit(http, Runtime.getRuntime().maxMemory());
    LeaderRedirect redirect = new LeaderRedirect(raft);
    SqlController sql =
        new SqlController(raft, checks, limit, redirect, new QueueController(queue, checks, limit));
    NodesController nodes = new NodesController(raft, redirect, limit);
    Path folder = dataFolder(environment).resolve("tmp");
    LoadFiles files = new LoadFiles(folder);
    LoadController loads =
        new LoadController(raft, checks, redirect, files, limit, restoreState(restore));
    RemoveController removal = new RemoveController(raft, redirect, limit);
    MeterRegistry registry = meters.getIfAvailable(SimpleMeterRegistry::new);
    ApiMetrics metrics = new ApiMetrics(registry);
    SnapshotController snapshots = new SnapshotController(raft);
    Map<Route, RqliteRouter.Handler> handlers =
        Map.ofEntries(
            Map.entry(Route.ROOT, ApiConfiguration::console),
            Map.entry(Route.EXECUTE, sql::execute),
            Map.entry(Route.QUERY, sql::query),
            Map.entry(Route.REQUEST, sql::request),
            Map.entry(
                Route.BACKUP,
                new BackupController(raft, redirect, new BackupFiles(folder))::backup),
            Map.entry(Route.LOAD, loads::load),
            Map.entry(Route.STATUS, new StatusController(status)::status),
            Map.entry(Route.NODES, nodes::nodes),
            Map.entry(Route.LEADER, nodes::leader),
            Map.entry(Route.READYZ, new ReadyController(raft, readiness(health, restore))::readyz),
            Map.entry(Route.SNAPSHOT, snapshots::snapshot),
            Map.entry(Route.REAP, snapshots::reap),
            Map.entry(Route.REMOVE, removal::remove),
            Map.entry(Route.BOOT, loads::boot),
            Map.entry(Route.SQL, new RewriteController(limit)::sql),
            Map.entry(Route.LICENSES, new Licenses()::text),
            Map.entry(
                Route.DEBUG_VARS,
                new DebugVarsController(
                        metrics,
                        sql.counts(),
                        access,
                        queue::counts,
                        loads::boots,
                        new NamedCounts(registry))
                    ::vars));
    ConnectionDrain draining = drain.getIfAvailable();
    return new RqliteRouter(
        handlers,
        access,
        metrics,
        RqliteVersion.own(),
        http.allowOrigin(),
        draining == null ? () -> false : draining::draining);
  }

  @Bean
  StatusReport statusReport(
      RaftNode raft,
      AccessControl access,
      HttpTls tls,
      WriteQueue queue,
      Environment environment,
      ObjectProvider<SqliteStore> store,
      ObjectProvider<Supplier<RestoreState>> restore,
      ObjectProvider<Supplier<BackupStatus>> backup,
      ObjectProvider<ChangeFeed> changes,
      ObjectProvider<Clock> clock) {
    return new StatusReport(
        new StatusReport.Sources(
            raft,
            () -> {
              SqliteStore files = store.getIfAvailable();
              return files == null ? new StoreStatus(null, 0, 0, "", false) : files.status();
            },
            restoreState(restore),
            () -> {
              Supplier<BackupStatus> supplier = backup.getIfAvailable();
              return supplier == null ? noBackup() : supplier.get();
            },
            queue::status,
            () -> changes.stream().findFirst().flatMap(ChangeFeed::status),
            () -> bindAddress(environment),
            access.enabled(),
            tls.report(),
            dataFolder(environment),
            UploadDestination.endpoint(environment)),
        RqliteVersion.own(),
        clock.getIfAvailable(Clock::systemUTC));
  }

  @Bean
  FilterRegistrationBean<RqliteFilter> rqliteFilter(RqliteRouter router, Environment environment) {
    // Before everything that would read a body, and before Spring's observation, which costs more
    // than our own count of the same requests and knows less of them.
    return filter(new RqliteFilter(router, actuatorPath(environment)), Ordered.HIGHEST_PRECEDENCE);
  }

  @Bean
  FilterRegistrationBean<ActuatorFilter> actuatorFilter(
      AccessControl access, Environment environment) {
    return filter(new ActuatorFilter(access, actuatorPath(environment)), ACTUATOR_ORDER);
  }

  @Bean
  @ConditionalOnManagementPort(ManagementPortType.SAME)
  FilterRegistrationBean<ActuatorPathFilter> actuatorPathFilter(Environment environment) {
    return actuatorPaths(environment);
  }

  /** Behind the check of the caller, and before what looks at bodies. */
  static FilterRegistrationBean<ActuatorPathFilter> actuatorPaths(Environment environment) {
    return filter(new ActuatorPathFilter(actuatorPath(environment)), ACTUATOR_ORDER + 1);
  }

  @Bean
  @ConditionalOnManagementPort(ManagementPortType.SAME)
  FilterRegistrationBean<ActuatorBodyFilter> actuatorBodyFilter(Environment environment) {
    return actuatorBodies(environment);
  }

  /** Behind the check of the caller. */
  static FilterRegistrationBean<ActuatorBodyFilter> actuatorBodies(Environment environment) {
    return filter(new ActuatorBodyFilter(actuatorPath(environment)), ACTUATOR_ORDER + 2);
  }

  @Bean
  @ConditionalOnManagementPort(ManagementPortType.SAME)
  FilterRegistrationBean<RestorePointFilter> restorePointFilter(
      ObjectProvider<RestorePointFiles> files, ObjectProvider<PathMappedEndpoints> endpoints) {
    return restorePoints(files, endpoints);
  }

  /** Behind the check of the caller. */
  static FilterRegistrationBean<RestorePointFilter> restorePoints(
      ObjectProvider<RestorePointFiles> files, ObjectProvider<PathMappedEndpoints> endpoints) {
    return filter(
        new RestorePointFilter(files::getIfAvailable, RestorePointFilter.endpoint(endpoints)),
        ACTUATOR_ORDER + 2);
  }

  @Bean
  FilterRegistrationBean<HealthPathFilter> healthPathFilter(
      ObjectProvider<HealthEndpointGroups> groups,
      ObjectProvider<HealthContributorRegistry> registry,
      Environment environment) {
    return filter(
        new HealthPathFilter(
            actuatorPath(environment) + "/health",
            name -> groups.getObject().get(name) != null,
            name -> registry.getObject().getContributor(name) != null),
        ACTUATOR_ORDER);
  }

  private static <F extends Filter> FilterRegistrationBean<F> filter(F filter, int order) {
    FilterRegistrationBean<F> registration = new FilterRegistrationBean<>(filter);
    registration.setOrder(order);
    return registration;
  }

  static String actuatorPath(Environment environment) {
    return environment.getProperty("management.endpoints.web.base-path", "/actuator");
  }

  @Bean
  @ConditionalOnWebApplication
  ConnectionDrain connectionDrain(WebServerApplicationContext context) {
    return new ConnectionDrain(context);
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> rqliteTomcat(
      ObjectProvider<ConnectionDrain> drain, Environment environment) {
    boolean connectionsSet = environment.containsProperty("server.tomcat.max-connections");
    return factory -> {
      checkPort(factory.getPort());
      drain.ifAvailable(bean -> factory.addContextValves(bean.valve()));
      factory.addContextValves(new RawResponseValve());
      factory.addContextCustomizers(context -> {
        if (context.getParent() instanceof StandardHost host) {
          host.setErrorReportValveClass(PlainErrorValve.class.getName());
        }
      });
      factory.addConnectorCustomizers(connector -> {
        if (connector.getProtocolHandler() instanceof AbstractHttp11Protocol<?> http) {
          // Raw SQL in query strings.
          http.setRelaxedQueryChars("\"<>[\\]^`{|}");
          http.setMaxHttpRequestHeaderSize(HEADER_BYTES);
          // What goes into one call to the system: of a backup 8 KB cost a third of its time.
          boolean known = http.setProperty("socket.appWriteBufSize", String.valueOf(WRITTEN_BYTES));
          Assert.state(known, "Tomcat's socket.appWriteBufSize");
          if (!connectionsSet) {
            http.setMaxConnections(connections(Runtime.getRuntime().maxMemory()));
          }
          // A body that is refused by its length is never asked for.
          http.setContinueResponseTiming("onRead");
          // Clients keep one connection for ever.
          http.setMaxKeepAliveRequests(-1);
          // A client that only reads once it has sent everything sees why it was refused, up to
          // here; what comes after that is not read.
          http.setMaxSwallowSize(SWALLOWED_BYTES);
        }
      });
    };
  }

  static void checkPort(int port) {
    if (port < 0 || port > 65535) {
      throw new InvalidConfigurationPropertyValueException(
          "server.port", port, "a port is between 0 (any free one) and 65535, for example 4001");
    }
  }

  /**
   * How many connections half a heap can hold while each is in the middle of a request's head.
   * Further ones wait to be accepted.
   */
  static int connections(long maxHeap) {
    return Math.clamp(maxHeap / 2 / BUSY_CONNECTION_BYTES, 200, MOST_CONNECTIONS);
  }

  private static void console(Exchange exchange) {
    exchange.response().setHeader("Location", "/console/");
    exchange.empty(302);
  }

  private static Predicate<NodeStatus> readiness(
      ObjectProvider<HealthEndpoint> health, ObjectProvider<Supplier<RestoreState>> restore) {
    return status -> {
      HealthEndpoint endpoint = health.getIfAvailable();
      @Nullable HealthDescriptor group =
          endpoint == null ? null : endpoint.healthForPath(READINESS);
      return group != null
          ? Status.UP.equals(group.getStatus())
          : status.phase() == NodeStatus.Phase.RUNNING
              && status.leader() != null
              && restoreState(restore).get() instanceof RestoreState.Done;
    };
  }

  private static Supplier<RestoreState> restoreState(
      ObjectProvider<Supplier<RestoreState>> provider) {
    return () -> {
      Supplier<RestoreState> supplier = provider.getIfAvailable();
      return supplier == null ? new RestoreState.Done("disabled") : supplier.get();
    };
  }

  private static BackupStatus noBackup() {
    return new BackupStatus(null, Duration.ZERO, BackupStatus.State.OFF, null, null, 0, null, null);
  }

  private static Path dataFolder(Environment environment) {
    return Path.of(environment.getProperty("liferaft.node.data-dir", "./data"));
  }

  private static String bindAddress(Environment environment) {
    String port = environment.getProperty("local.server.port");
    return environment.getProperty("server.address", "0.0.0.0")
        + ":"
        + (port == null ? environment.getProperty("server.port", "8080") : port);
  }
}
