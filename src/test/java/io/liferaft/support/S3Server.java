package io.liferaft.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.Constants;
import org.gaul.shaded.org.eclipse.jetty.server.Handler;
import org.gaul.shaded.org.eclipse.jetty.server.Request;
import org.gaul.shaded.org.eclipse.jetty.server.Response;
import org.gaul.shaded.org.eclipse.jetty.server.Server;
import org.gaul.shaded.org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A real S3 server on 127.0.0.1, objects on disk: checks signatures, conditions and checksums. Logs
 * every request that reached it. Other processes may use it. Whoever starts it closes it.
 */
public final class S3Server implements AutoCloseable {

  private final String owner;
  private final Path directory;
  private final BlobStore blobs;
  private final S3Proxy proxy;
  private final List<S3Request> requests = new CopyOnWriteArrayList<>();

  private S3Server(String owner, Path directory, BlobStore blobs, S3Proxy proxy) {
    this.owner = owner;
    this.directory = directory;
    this.blobs = blobs;
    this.proxy = proxy;
  }

  /** Starts a server with these buckets. */
  public static S3Server start(String... buckets) {
    return start("liferaft", true, buckets);
  }

  /** One of somebody else, with credentials of its own. */
  public static S3Server startOf(String owner, String... buckets) {
    return start(owner, true, buckets);
  }

  /** One that checks no signatures, so that somebody on the way may change requests. */
  public static S3Server startUnsigned(String... buckets) {
    return start("liferaft", false, buckets);
  }

  private static S3Server start(String owner, boolean signed, String... buckets) {
    try {
      Path directory = Files.createTempDirectory("liferaft-s3-");
      Properties properties = new Properties();
      properties.setProperty("jclouds.filesystem.basedir", directory.toString());
      properties.setProperty(Constants.PROPERTY_IDENTITY, accessKey(owner));
      properties.setProperty(Constants.PROPERTY_CREDENTIAL, secretKey(owner));
      BlobStore blobs = BlobStores.create("filesystem-nio2", properties);
      S3Proxy.Builder builder =
          S3Proxy.builder()
              .blobStore(blobs)
              .endpoint(URI.create("http://127.0.0.1:0"))
              .stopTimeout(0);
      if (signed) {
        builder.awsAuthentication(AuthenticationType.AWS_V4, accessKey(owner), secretKey(owner));
      }
      S3Proxy proxy = builder.build();
      S3Server server = new S3Server(owner, directory, blobs, proxy);
      try {
        server.serve(buckets);
        return server;
      } catch (Exception e) {
        server.close();
        throw e;
      }
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server did not start", e);
    }
  }

  private void serve(String... buckets) throws Exception {
    logRequests();
    proxy.start();
    try (S3Client s3 = client()) {
      for (String bucket : buckets) {
        s3.createBucket(b -> b.bucket(bucket));
      }
    }
    forgetRequests();
  }

  /**
   * S3Proxy offers no request log, and Jetty's own one comes after the client has its answer: too
   * late for who counts then.
   */
  private void logRequests() throws ReflectiveOperationException {
    Field jetty = S3Proxy.class.getDeclaredField("server");
    jetty.setAccessible(true);
    Server server = (Server) jetty.get(proxy);
    server.setHandler(
        new Handler.Wrapper(server.getHandler()) {
          @Override
          public boolean handle(Request request, Response response, Callback callback)
              throws Exception {
            LoggedResponse logged = new LoggedResponse(request, response);
            return super.handle(
                request,
                logged,
                new Callback.Nested(callback) {
                  @Override
                  public void succeeded() {
                    // An answer without a body is written by this call.
                    logged.log();
                    super.succeeded();
                  }
                });
          }
        });
  }

  private final class LoggedResponse extends Response.Wrapper {

    private final AtomicBoolean logged = new AtomicBoolean();

    LoggedResponse(Request request, Response response) {
      super(request, response);
    }

    void log() {
      // A handler that sets no status means 200, which Jetty fills in as it sends.
      int status = getStatus() == 0 ? 200 : getStatus();
      if (status >= 200 && logged.compareAndSet(false, true)) {
        Request request = getRequest();
        requests.add(
            S3Request.of(request.getMethod(), request.getHttpURI().getPathQuery(), status));
      }
    }

    @Override
    public void write(boolean last, @Nullable ByteBuffer content, Callback callback) {
      log();
      super.write(last, content, callback);
    }
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + port());
  }

  public int port() {
    return proxy.getPort();
  }

  public String accessKey() {
    return accessKey(owner);
  }

  private static String accessKey(String owner) {
    return owner + "-access-key";
  }

  public String secretKey() {
    return secretKey(owner);
  }

  private static String secretKey(String owner) {
    return owner + "-secret-key";
  }

  public String region() {
    return "eu-central-1";
  }

  /**
   * Settings of a Liferaft node that uses this server, or a proxy in front of it; without a
   * preflight, for who counts requests.
   */
  public List<String> nodeSettings(URI endpoint) {
    return List.of(
        "liferaft.backup.preflight=false",
        "spring.cloud.aws.region.static=" + region(),
        "spring.cloud.aws.s3.endpoint=" + endpoint,
        "spring.cloud.aws.s3.path-style-access-enabled=true",
        "spring.cloud.aws.credentials.access-key=" + accessKey(),
        "spring.cloud.aws.credentials.secret-key=" + secretKey());
  }

  /** A client for arranging and looking; the caller closes it. */
  public S3Client client() {
    return client(endpoint());
  }

  /** A client by way of a proxy; the caller closes it. */
  public S3Client client(URI endpoint) {
    return S3Client.builder()
        .endpointOverride(endpoint)
        .region(Region.of(region()))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey(), secretKey())))
        .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
        .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
        .forcePathStyle(true)
        .build();
  }

  /** Requests that were answered, oldest first. */
  public List<S3Request> requests() {
    return List.copyOf(requests);
  }

  /** How many answered requests had this method and object key. */
  public long count(String method, String key) {
    return requests.stream().filter(r -> r.is(method, key)).count();
  }

  public void forgetRequests() {
    requests.clear();
  }

  @Override
  public void close() {
    try {
      proxy.stop();
      blobs.close();
      deleteTree(directory);
    } catch (Exception e) {
      throw new IllegalStateException("the S3 server did not stop", e);
    }
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      files
          .sorted(Comparator.reverseOrder())
          .forEach(file -> {
            try {
              Files.deleteIfExists(file);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  /**
   * One request of path style.
   *
   * @param key empty for requests on the bucket
   * @param query without its question mark
   * @param head first line and headers, as far as who wrote it down has seen them
   */
  public record S3Request(
      String method, String bucket, String key, String query, int status, List<String> head) {

    public S3Request(String method, String bucket, String key, String query, int status) {
      this(method, bucket, key, query, status, List.of());
    }

    S3Request with(int answered, List<String> lines) {
      return new S3Request(method, bucket, key, query, answered, lines);
    }

    /** Empty when it was not sent. */
    public String header(String name) {
      return new HttpHead(head).header(name);
    }

    static S3Request of(String method, @Nullable String target, int status) {
      String whole = target == null ? "/" : target;
      int question = whole.indexOf('?');
      String path = question < 0 ? whole : whole.substring(0, question);
      String query = question < 0 ? "" : whole.substring(question + 1);
      int slash = path.indexOf('/', 1);
      String bucket =
          slash < 0 ? path.substring(Math.min(1, path.length())) : path.substring(1, slash);
      String key = slash < 0 ? "" : path.substring(slash + 1);
      return new S3Request(
          method, bucket, URLDecoder.decode(key, StandardCharsets.UTF_8), query, status);
    }

    public boolean is(String wantedMethod, String wantedKey) {
      return method.equals(wantedMethod) && key.equals(wantedKey);
    }
  }
}
