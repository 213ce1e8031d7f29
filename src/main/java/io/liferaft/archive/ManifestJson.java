package io.liferaft.archive;

import io.liferaft.archive.ChunkTable.Pack;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/**
 * Manifests as JSON, format 1: docs/backup-format.md. Written and read as a stream; unknown members
 * are skipped, an unknown format is refused.
 */
final class ManifestJson {

  static final int FORMAT = 1;

  private static final int FEW = 256;

  private ManifestJson() {}

  /** Closes the stream, also when it fails. */
  static void write(OutputStream out, ArchiveManifest manifest) throws IOException {
    try (JsonGenerator json = JsonMapper.shared().createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberProperty("format", FORMAT);
      json.writeStringProperty("backup", manifest.id().name());
      if (manifest.baseId() != null) {
        json.writeStringProperty("base", manifest.baseId().fileName());
      }
      writeHead(json, manifest.head());
      json.writeNumberProperty("chunkBytes", ChunkTable.CHUNK_BYTES);
      List<DataKey> keys = foreignKeys(manifest);
      if (!keys.isEmpty()) {
        json.writeArrayPropertyStart("dataKeys");
        keys.forEach(key -> json.writeString(key.hex()));
        json.writeEndArray();
      }
      writeEntries(json, manifest, keys);
      json.writeEndObject();
    } catch (JacksonException e) {
      throw e.getCause() instanceof IOException broken ? broken : new IOException(e);
    }
  }

  static void writeHead(JsonGenerator json, BackupManifest head) {
    text(json, "clusterId", head.clusterId());
    text(json, "generation", head.generation());
    json.writeNumberProperty("term", head.term());
    json.writeNumberProperty("changeIndex", head.changeIndex());
    text(json, "created", head.created() == null ? null : head.created().toString());
    json.writeNumberProperty("databaseBytes", head.sizeBytes());
    text(json, "treeSha256", head.sha256());
    json.writeBooleanProperty("empty", head.empty());
    if (head.usedBytes() >= 0) {
      json.writeNumberProperty("usedBytes", head.usedBytes());
    }
    text(json, "sqliteVersion", head.sqliteVersion());
    text(json, "liferaftVersion", head.liferaftVersion());
    json.writeArrayPropertyStart("members");
    head.members().forEach(json::writeString);
    json.writeEndArray();
  }

  private static BitSet packsTold(ArchiveManifest manifest) {
    BitSet packs = new BitSet();
    manifest.told().stream().forEach(i -> packs.set(manifest.table().pack(i)));
    return packs;
  }

  /** Keys of packs of other generations: only an encrypted manifest tells them. */
  private static List<DataKey> foreignKeys(ArchiveManifest manifest) {
    WrappedKey own = manifest.key();
    List<DataKey> keys = new ArrayList<>();
    packsTold(manifest).stream()
        .mapToObj(manifest.table().packList()::get)
        .forEach(pack -> {
          DataKey key = pack.key();
          if ((key == null) != (own == null)) {
            throw new IllegalStateException(
                "a backup is encrypted wholly or not at all: " + pack.name());
          }
          if (key != null && own != null && !key.equals(own.key()) && !keys.contains(key)) {
            keys.add(key);
          }
        });
    return keys;
  }

  private static void writeEntries(
      JsonGenerator json, ArchiveManifest manifest, List<DataKey> keys) {
    ChunkTable table = manifest.table();
    BitSet told = manifest.told();
    BitSet packs = packsTold(manifest);
    int[] place = new int[table.packList().size()];
    int next = 0;
    json.writeArrayPropertyStart("packs");
    for (int p = packs.nextSetBit(0); p >= 0; p = packs.nextSetBit(p + 1)) {
      place[p] = next++;
      json.writeStartObject();
      json.writeStringProperty("pack", table.packList().get(p).name());
      json.writeNumberProperty("bytes", table.packList().get(p).bytes());
      int key = keys.indexOf(table.packList().get(p).key());
      if (key >= 0) {
        json.writeNumberProperty("key", key);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    HexFormat hex = HexFormat.of();
    json.writeArrayPropertyStart("chunks");
    for (int i = told.nextSetBit(0); i >= 0; i = told.nextSetBit(i + 1)) {
      int hash = i * ChunkTable.HASH_BYTES;
      json.writeStartArray();
      json.writeNumber(i);
      json.writeNumber(place[table.pack(i)]);
      json.writeNumber(table.offset(i));
      json.writeNumber(table.storedLength(i));
      json.writeString(hex.formatHex(table.hashes(), hash, hash + ChunkTable.HASH_BYTES));
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private static void text(JsonGenerator json, String name, @Nullable String value) {
    if (value != null) {
      json.writeStringProperty(name, value);
    }
  }

  /**
   * Reads a manifest as far as it tells by itself.
   *
   * @param id what its name says
   * @param name of the object, for messages
   * @param key that it is encrypted with; null when it is not
   * @throws CorruptBackupException when it is not what its name says, or makes no sense
   * @throws IOException when the stream fails
   */
  static ArchiveManifest.Entries read(
      InputStream in, BackupId id, String name, @Nullable DataKey key) throws IOException {
    return read(in, id, name, key, Reader::read);
  }

  /**
   * Reads the names of the packs of a manifest, and nothing behind them.
   *
   * @throws CorruptBackupException as {@link #read} does
   */
  static Set<String> readPackNames(InputStream in, BackupId id, String name) throws IOException {
    return read(in, id, name, null, Reader::readPackNames);
  }

  private static <T> T read(
      InputStream in, BackupId id, String name, @Nullable DataKey key, Function<Reader, T> wanted)
      throws IOException {
    try (JsonParser json = JsonMapper.shared().createParser(in)) {
      return wanted.apply(new Reader(json, id, name, key));
    } catch (JacksonException | DateTimeException e) {
      if (e.getCause() instanceof IOException broken) {
        throw broken;
      }
      throw new CorruptBackupException(name + " is damaged: " + e.getMessage(), e);
    }
  }

  /** The members of a backup's head, in whatever order they come. */
  static final class Head {
    private @Nullable String clusterId;
    private @Nullable String generation;
    private long term;
    private long changeIndex;
    private @Nullable Instant created;
    private long databaseBytes = -1;
    private @Nullable String treeSha256;
    private boolean empty;
    private long usedBytes = -1;
    private @Nullable String sqliteVersion;
    private @Nullable String liferaftVersion;
    private final List<String> members = new ArrayList<>();

    /** Takes a member whose value is the parser's present token; false when it is not one of it. */
    boolean take(String name, JsonParser json) {
      switch (name) {
        case "clusterId" -> clusterId = json.getString();
        case "generation" -> generation = json.getString();
        case "term" -> term = json.getLongValue();
        case "changeIndex" -> changeIndex = json.getLongValue();
        case "created" -> created = Instant.parse(json.getString());
        case "databaseBytes" -> databaseBytes = json.getLongValue();
        case "treeSha256" -> treeSha256 = json.getString();
        case "empty" -> empty = json.getBooleanValue();
        case "usedBytes" -> usedBytes = json.getLongValue();
        case "sqliteVersion" -> sqliteVersion = json.getString();
        case "liferaftVersion" -> liferaftVersion = json.getString();
        case "members" -> {
          while (json.nextToken() == JsonToken.VALUE_STRING) {
            members.add(json.getString());
          }
        }
        default -> {
          return false;
        }
      }
      return true;
    }

    BackupManifest manifest() {
      return new BackupManifest(
          clusterId,
          generation,
          term,
          changeIndex,
          treeSha256,
          databaseBytes,
          empty,
          usedBytes,
          members,
          sqliteVersion,
          liferaftVersion,
          created);
    }
  }

  private static final class Reader {
    private final JsonParser json;
    private final BackupId id;
    private final String name;
    private final @Nullable DataKey key;
    private final Head head = new Head();
    private final List<DataKey> dataKeys = new ArrayList<>();
    private final List<Pack> packs = new ArrayList<>();
    private @Nullable BackupId base;
    private boolean named;
    private int count;
    private int[] chunks = new int[FEW];
    private int[] pack = new int[FEW];
    private long[] offsets = new long[FEW];
    private int[] lengths = new int[FEW];
    private byte[] hashes = new byte[FEW * ChunkTable.HASH_BYTES];

    Reader(JsonParser json, BackupId id, String name, @Nullable DataKey key) {
      this.json = json;
      this.id = id;
      this.name = name;
      this.key = key;
    }

    Set<String> readPackNames() {
      takeUpTo("packs");
      require(named && json.currentToken() == JsonToken.END_ARRAY, "it does not tell its packs");
      return packs.stream().map(Pack::name).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * @param last behind which nothing is read; empty for none
     */
    private void takeUpTo(String last) {
      require(json.nextToken() == JsonToken.START_OBJECT, "it is no JSON object");
      for (String member = json.nextName(); member != null; member = json.nextName()) {
        json.nextToken();
        if (!head.take(member, json)) {
          take(member);
        }
        if (member.equals(last)) {
          return;
        }
      }
    }

    ArchiveManifest.Entries read() {
      takeUpTo("");
      require(json.currentToken() == JsonToken.END_OBJECT, "it ends too early");
      BackupManifest manifest = head.manifest();
      require(
          manifest.term() == id.term()
              && manifest.changeIndex() == id.changeIndex()
              && BackupId.shortGeneration(manifest.generation()).equals(id.generation()),
          "it is of another backup than its name says");
      require(
          manifest.sizeBytes() >= 0 && manifest.sizeBytes() <= ChunkTable.MOST_BYTES,
          "it says that the database has " + manifest.sizeBytes() + " bytes");
      require(
          base == null ? id.full() : base.isBaseOf(id),
          "its base is another one than its name says");
      return new ArchiveManifest.Entries(
          id,
          manifest,
          base,
          new ChunkTable(
              manifest.sizeBytes(),
              Arrays.copyOf(hashes, count * ChunkTable.HASH_BYTES),
              Arrays.copyOf(pack, count),
              Arrays.copyOf(offsets, count),
              Arrays.copyOf(lengths, count),
              packs),
          Arrays.copyOf(chunks, count));
    }

    private void take(String member) {
      switch (member) {
        case "format" ->
            require(
                json.getIntValue() <= FORMAT,
                "it has format "
                    + json.getIntValue()
                    + ", and this version of Liferaft reads up to "
                    + FORMAT
                    + ": use a newer one");
        case "backup" -> {
          named = json.getString().equals(id.name());
          require(named, "it is of backup " + json.getString());
        }
        case "base" -> {
          base = BackupId.parse(json.getString()).orElse(null);
          require(base != null, "its base is " + json.getString());
        }
        case "chunkBytes" ->
            require(
                json.getIntValue() == ChunkTable.CHUNK_BYTES,
                "it has chunks of " + json.getIntValue() + " bytes");
        case "dataKeys" -> readDataKeys();
        case "packs" -> readPacks();
        case "chunks" -> readChunks();
        default -> json.skipChildren();
      }
    }

    private void readDataKeys() {
      while (json.nextToken() == JsonToken.VALUE_STRING) {
        String hex = json.getString();
        require(hex.matches("[0-9a-f]{64}"), "a data key is missing");
        dataKeys.add(new DataKey(HexFormat.of().parseHex(hex)));
      }
    }

    private void readPacks() {
      while (json.nextToken() == JsonToken.START_OBJECT) {
        String pack = "";
        long bytes = -1;
        DataKey of = key;
        for (String member = json.nextName(); member != null; member = json.nextName()) {
          json.nextToken();
          switch (member) {
            case "pack" -> pack = json.getString();
            case "bytes" -> bytes = json.getLongValue();
            case "key" -> {
              int place = json.getIntValue();
              boolean told = place >= 0 && place < dataKeys.size();
              // Whoever wants names only has no key.
              require(told, "pack " + pack + " has a key that it does not tell");
              of = key == null ? null : dataKeys.get(place);
            }
            default -> json.skipChildren();
          }
        }
        require(BackupId.parse(pack).isPresent() && bytes >= 0, "it names no pack: " + pack);
        packs.add(new Pack(pack, bytes, of));
      }
    }

    private void readChunks() {
      int last = -1;
      while (json.nextToken() == JsonToken.START_ARRAY) {
        room();
        int chunk = (int) number(Integer.MAX_VALUE);
        require(chunk > last, "its chunks are out of order");
        require(
            head.databaseBytes < 0 || (long) chunk * ChunkTable.CHUNK_BYTES < head.databaseBytes,
            "chunk " + chunk + " is behind the end of the database");
        last = chunk;
        chunks[count] = chunk;
        pack[count] = (int) number(packs.size() - 1L);
        Pack in = packs.get(pack[count]);
        offsets[count] = number(in.bytes());
        lengths[count] = (int) number(in.bytes() - offsets[count]);
        require(
            lengths[count] > 0 && lengths[count] <= ChunkCodec.mostPackedBytes(in.key() != null),
            "chunk " + chunk + " has " + lengths[count] + " bytes");
        hash();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          json.skipChildren();
        }
        count++;
      }
    }

    private long number(long most) {
      require(json.nextToken() == JsonToken.VALUE_NUMBER_INT, "a number is missing");
      long value = json.getLongValue();
      require(value >= 0 && value <= most, "a number is out of range: " + value);
      return value;
    }

    private void hash() {
      String hex = json.nextStringValue();
      require(hex != null && hex.matches("[0-9a-f]{64}"), "a hash is missing");
      if (hex != null) {
        byte[] hash = HexFormat.of().parseHex(hex);
        System.arraycopy(hash, 0, hashes, count * ChunkTable.HASH_BYTES, hash.length);
      }
    }

    private void room() {
      if (count == chunks.length) {
        int more = count * 2;
        chunks = Arrays.copyOf(chunks, more);
        pack = Arrays.copyOf(pack, more);
        offsets = Arrays.copyOf(offsets, more);
        lengths = Arrays.copyOf(lengths, more);
        hashes = Arrays.copyOf(hashes, more * ChunkTable.HASH_BYTES);
      }
    }

    private void require(boolean holds, String why) {
      if (!holds) {
        throw new CorruptBackupException(name + " is damaged: " + why, null);
      }
    }
  }
}
