package io.liferaft.objectstore;

import io.liferaft.go.GoUrl;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3Client;

/** Opens object stores by the address of an object in them. Safe for use by many threads. */
public final class ObjectStores {

  private static final String VALID =
      "valid are file:/dir/name.sqlite.gz and s3://bucket/key for one object, file:/dir/ and"
          + " s3://bucket/prefix/ for an archive";

  private static final String S3_NOT_SET_UP =
      "S3 is not set up for %s: it is when liferaft.backup.target or liferaft.restore.source starts"
          + " with s3:// and spring.cloud.aws.s3.enabled is not false";

  /** Of a setting that is given twice Spring makes one value with a comma, which a key may hold. */
  private static final Pattern ANOTHER = Pattern.compile("(?is),\\s*((?:s3://|file:).*)");

  /** S3's own rule for names, which keeps them usable as part of a host name. */
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]");

  /** S3 allows 1,024; a preserved backup's key is some forty longer. */
  private static final int MAX_KEY_BYTES = 960;

  /** The clients of S3. */
  @FunctionalInterface
  interface Clients {
    /** For a bucket; null where this node was started without S3. */
    @Nullable S3Client of(String bucket);

    /** The setting that its credentials are in, if they are in the settings. */
    default String credentialsSetting(String bucket) {
      return "spring.cloud.aws.credentials";
    }
  }

  private final Clients clients;
  private final ObjectStoreProperties.S3 settings;
  private final InstantSource clock;
  private final @Nullable Bandwidth up;
  private final @Nullable Bandwidth down;

  ObjectStores(Clients clients, ObjectStoreProperties.S3 settings, InstantSource clock) {
    this(clients, settings, clock, null, null);
  }

  /**
   * @param up of all stores together, for what is written; null for as fast as it goes
   * @param down of all stores together, for what is read; null for as fast as it goes
   */
  ObjectStores(
      Clients clients,
      ObjectStoreProperties.S3 settings,
      InstantSource clock,
      @Nullable Bandwidth up,
      @Nullable Bandwidth down) {
    this.clients = clients;
    this.settings = settings;
    this.clock = clock;
    this.up = up;
    this.down = down;
  }

  /**
   * The address of one object.
   *
   * @param container bucket name or absolute directory
   * @param key of the object in the bucket, or file name in the directory; for many objects what
   *     their keys begin with: empty, or with a slash at its end
   */
  public record Location(Scheme scheme, String container, String key) {

    /** Whether it stands for many objects and not for one. */
    public boolean many() {
      return key.isEmpty() || key.endsWith("/");
    }

    /** The one way to write this address: the same for all spellings of the same place. */
    @Override
    public String toString() {
      return switch (scheme) {
        case S3 -> "s3://" + container + "/" + key;
        case FILE -> "file:" + (container.endsWith("/") ? container : container + "/") + key;
      };
    }
  }

  /** The kinds of store. */
  public enum Scheme {
    S3,
    FILE
  }

  /**
   * Takes an address apart, of one object or, ending with a slash, of many; no access to disk or
   * network.
   *
   * @param address {@code file:/dir/name} ({@code file:./dir/name} is resolved against the working
   *     directory) or {@code s3://bucket/key}
   * @throws IllegalArgumentException when it is none, saying why and what a valid one looks like
   */
  public static Location parse(String address) {
    String stripped = address.strip();
    Matcher several = ANOTHER.matcher(stripped);
    if (several.find()) {
      throw refused(
          address,
          "is two addresses, as when the setting is given twice (the second is '%s'): give one"
              .formatted(GoUrl.redacted(several.group(1))));
    }
    if (stripped.regionMatches(true, 0, "s3:", 0, 3)) {
      return parseS3(stripped);
    }
    if (stripped.regionMatches(true, 0, "file:", 0, 5)) {
      return parseFile(stripped);
    }
    throw refused(
        address,
        stripped.matches("(?s)[A-Za-z][A-Za-z0-9+.-]*:.*")
            ? "has an unknown scheme"
            : "has no scheme");
  }

  /**
   * Opens the store that holds the location; no access to disk or network.
   *
   * @param createDirectory whether a put creates a directory that is missing; reading never does
   * @throws ObjectStoreException CONFIGURATION when this node was started without S3
   */
  public ObjectStore open(Location location, boolean createDirectory) {
    ObjectStore store = unlimited(location, createDirectory);
    return up == null && down == null ? store : new ThrottledObjectStore(store, up, down);
  }

  private ObjectStore unlimited(Location location, boolean createDirectory) {
    return switch (location.scheme()) {
      case FILE -> new DirectoryObjectStore(Path.of(location.container()), createDirectory);
      case S3 -> {
        S3Client s3 = clients.of(location.container());
        if (s3 == null) {
          throw new ObjectStoreException(
              Reason.CONFIGURATION, S3_NOT_SET_UP.formatted(location), null);
        }
        yield new S3ObjectStore(s3, location.container(), settings, clock);
      }
    };
  }

  /**
   * Tries what backups will ask of the location: reaches it, writes a small object of its own,
   * reads, lists and deletes it. Never makes a directory, touches no object of somebody else, and
   * throws no {@link ObjectStoreException}: what fails is a finding.
   *
   * @param createDirectory whether backups make a directory that is missing
   * @param deletes whether backups delete there
   * @param who tells this caller's trial object from those of others, which may be there at the
   *     same time: lower-case letters and digits
   */
  public List<PreflightFinding> preflight(
      Location location, boolean createDirectory, boolean deletes, String who) {
    // Beside the one object, where a policy that names it by its beginning lets it be.
    String key = location.key() + (location.many() ? "" : ".") + "preflight." + who;
    boolean lists = location.many();
    return switch (location.scheme()) {
      case FILE -> {
        ObjectStore store = open(location, false);
        DirectoryPreflight directory =
            new DirectoryPreflight(Path.of(location.container()), createDirectory);
        yield directory.run(
            new StoreTrial(store, key, lists, deletes, clock, directory::grant)::run);
      }
      case S3 -> {
        S3Client s3 = clients.of(location.container());
        if (s3 == null) {
          yield List.of(
              PreflightFinding.problem(
                  "client", S3_NOT_SET_UP.formatted(location), "Set what the sentence names"));
        }
        ObjectStore store = open(location, false);
        S3Preflight bucket =
            new S3Preflight(
                s3,
                clients.credentialsSetting(location.container()),
                store,
                location,
                key,
                settings);
        yield bucket.run(new StoreTrial(store, key, lists, deletes, clock, bucket::grant)::run);
      }
    };
  }

  private static Location parseS3(String address) {
    if (!address.startsWith("//", 3)) {
      throw refused(address, "lacks the two slashes of s3://");
    }
    String rest = address.substring(5);
    int slash = rest.indexOf('/');
    String bucket = slash < 0 ? rest : rest.substring(0, slash);
    if (!BUCKET.matcher(bucket).matches() || bucket.contains("..")) {
      throw refused(
          address,
          "has no valid bucket name ('"
              + bucket.substring(bucket.lastIndexOf('@') + 1)
              + "'; 3 to 63 lower-case letters, digits, dots and hyphens)");
    }
    String key = slash < 0 ? "" : rest.substring(slash + 1);
    if (slash < 0) {
      throw refused(address, "has no key after the bucket");
    }
    checkCharacters(address, key);
    if (key.getBytes(StandardCharsets.UTF_8).length > MAX_KEY_BYTES) {
      throw refused(address, "has a key of more than " + MAX_KEY_BYTES + " bytes");
    }
    return new Location(Scheme.S3, bucket, key);
  }

  private static Location parseFile(String address) {
    String rest = address.substring(5);
    if (rest.startsWith("//")) {
      // file:///dir is a usual spelling; file://dir would take the first folder for a host.
      if (!rest.startsWith("///")) {
        throw refused(address, "names a host; a path starts with one slash or with ./");
      }
      rest = rest.substring(2);
    }
    if (rest.isEmpty() || rest.equals("/") || rest.equals(".") || rest.equals("..")) {
      throw refused(address, "names no file");
    }
    checkCharacters(address, rest);
    try {
      if (rest.endsWith("/")) {
        return new Location(Scheme.FILE, Path.of(rest).toAbsolutePath().normalize().toString(), "");
      }
      Path path = Path.of(rest).toAbsolutePath().normalize();
      Path directory = path.getParent();
      Path name = path.getFileName();
      if (directory == null || name == null || rest.endsWith("/..") || rest.endsWith("/.")) {
        throw refused(address, "names no file");
      }
      DirectoryKeys.check(name.toString());
      return new Location(Scheme.FILE, directory.toString(), name.toString());
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException(
          "'%s' is no path: %s; %s".formatted(address, e.getReason(), VALID), e);
    }
  }

  private static void checkCharacters(String address, String key) {
    if (key.chars().anyMatch(Character::isISOControl)) {
      throw refused(address, "holds a control character");
    }
  }

  private static IllegalArgumentException refused(String address, String why) {
    return new IllegalArgumentException(
        "'%s' %s; %s".formatted(GoUrl.redacted(address), why, VALID));
  }
}
