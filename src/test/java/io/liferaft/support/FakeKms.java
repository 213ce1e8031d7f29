package io.liferaft.support;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A key management service on 127.0.0.1 that speaks as AWS KMS does (JSON 1.1) and encrypts for
 * real: what it gives out names its key, and is bound to the encryption context. Whoever starts it
 * closes it.
 */
public final class FakeKms implements AutoCloseable {

  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final String ACCOUNT = ":111122223333:";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final SecureRandom random = new SecureRandom();
  private final Map<String, byte[]> keys = new ConcurrentHashMap<>();
  private final Map<String, String> aliases = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile @Nullable Failure failure;

  private record Failure(int status, String code, String message) {}

  /**
   * A request that came.
   *
   * @param operation Encrypt or Decrypt
   * @param key as it was named
   * @param region that it was signed for
   */
  public record Request(String operation, String key, Map<String, String> context, String region) {}

  private FakeKms(HttpServer server) {
    this.server = server;
  }

  /** Starts one without keys. */
  public static FakeKms start() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
      FakeKms kms = new FakeKms(server);
      server.setExecutor(kms.threads);
      server.createContext("/", kms::serve);
      server.start();
      return kms;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Makes a key. Its ARN is the answer. */
  public String createKey(String id) {
    byte[] key = new byte[32];
    random.nextBytes(key);
    return createKey(id, key);
  }

  /** One whose 32 bytes are known, for files that were encrypted long ago. */
  public String createKey(String id, byte[] key) {
    String arn = "arn:aws:kms:eu-central-1" + ACCOUNT + "key/" + id;
    keys.put(arn, key.clone());
    return arn;
  }

  /** Lets an alias mean a key. */
  public void alias(String alias, String arn) {
    aliases.put(alias, arn);
  }

  /** Every request is refused so, until {@link #heal}. */
  public void refuse(int status, String code, String message) {
    failure = new Failure(status, code, message);
  }

  /** No request is answered, until it is closed. */
  public void silent() {
    failure = new Failure(0, "", "");
  }

  public void heal() {
    failure = null;
  }

  /** All that came, oldest first. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  public long count(String operation) {
    return requests.stream().filter(request -> request.operation().equals(operation)).count();
  }

  public void forgetRequests() {
    requests.clear();
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.close();
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
      JsonNode body = JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes());
      String operation = target == null ? "" : target.replace("TrentService.", "");
      Map<String, String> context = new java.util.TreeMap<>();
      body.path("EncryptionContext")
          .properties()
          .forEach(entry -> context.put(entry.getKey(), entry.getValue().asString()));
      String signed = exchange.getRequestHeaders().getFirst("Authorization");
      String[] scope = signed == null ? new String[0] : signed.split("/", -1);
      requests.add(
          new Request(
              operation,
              body.path("KeyId").asString(""),
              context,
              scope.length > 3 && scope[3].equals("kms") ? scope[2] : ""));
      Failure fails = failure;
      if (fails == null) {
        answer(exchange, operation, body, context);
      } else if (fails.status() == 0) {
        closed.await();
      } else {
        refused(exchange, fails);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(
      HttpExchange exchange, String operation, JsonNode body, Map<String, String> context)
      throws IOException {
    String named = body.path("KeyId").asString("");
    String arn =
        keys.keySet().stream()
            .filter(
                key -> key.equals(aliases.getOrDefault(named, named)) || key.endsWith("/" + named))
            .findFirst()
            .orElse(null);
    if (arn == null) {
      refused(
          exchange, new Failure(400, "NotFoundException", "Key '" + named + "' does not exist"));
      return;
    }
    byte[] aad = context.toString().getBytes(StandardCharsets.UTF_8);
    ObjectNode answer = JsonMapper.shared().createObjectNode().put("KeyId", arn);
    try {
      switch (operation) {
        case "Encrypt" ->
            answer.put("CiphertextBlob", encrypted(arn, body.path("Plaintext").asString(""), aad));
        case "Decrypt" -> {
          byte[] blob = Base64.getDecoder().decode(body.path("CiphertextBlob").asString(""));
          ByteBuffer buffer = ByteBuffer.wrap(blob);
          byte[] by = new byte[buffer.getShort()];
          buffer.get(by);
          if (!new String(by, StandardCharsets.UTF_8).equals(arn)) {
            refused(exchange, new Failure(400, "IncorrectKeyException", "another key"));
            return;
          }
          byte[] sealed = new byte[buffer.remaining()];
          buffer.get(sealed);
          answer.put("Plaintext", decrypted(arn, sealed, aad));
        }
        default -> {
          refused(exchange, new Failure(400, "UnknownOperationException", operation));
          return;
        }
      }
    } catch (GeneralSecurityException _) {
      refused(exchange, new Failure(400, "InvalidCiphertextException", ""));
      return;
    }
    send(exchange, 200, answer);
  }

  private String encrypted(String arn, String plain, byte[] aad) throws GeneralSecurityException {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed =
        cipher(Cipher.ENCRYPT_MODE, arn, nonce, aad).doFinal(Base64.getDecoder().decode(plain));
    byte[] by = arn.getBytes(StandardCharsets.UTF_8);
    return Base64.getEncoder()
        .encodeToString(
            ByteBuffer.allocate(2 + by.length + nonce.length + sealed.length)
                .putShort((short) by.length)
                .put(by)
                .put(nonce)
                .put(sealed)
                .array());
  }

  private String decrypted(String arn, byte[] sealed, byte[] aad) throws GeneralSecurityException {
    byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
    return Base64.getEncoder()
        .encodeToString(
            cipher(Cipher.DECRYPT_MODE, arn, nonce, aad)
                .doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES));
  }

  private Cipher cipher(int mode, String arn, byte[] nonce, byte[] aad)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode,
        new SecretKeySpec(java.util.Objects.requireNonNull(keys.get(arn)), "AES"),
        new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(aad);
    return cipher;
  }

  private static void refused(HttpExchange exchange, Failure failure) throws IOException {
    send(
        exchange,
        failure.status(),
        JsonMapper.shared()
            .createObjectNode()
            .put("__type", failure.code())
            .put("message", failure.message()));
  }

  private static void send(HttpExchange exchange, int status, ObjectNode body) throws IOException {
    byte[] bytes = JsonMapper.shared().writeValueAsBytes(body);
    exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
