package io.liferaft.archive;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import io.liferaft.objectstore.ObjectStore;
import io.liferaft.objectstore.ObjectStoreException;
import io.liferaft.objectstore.ObjectStoreException.Reason;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.json.JsonMapper;

/** Reads of a manifest which packs it names, and nothing behind that. */
final class ManifestPacks {

  private ManifestPacks() {}

  /**
   * Names of packs, without their end.
   *
   * @throws CorruptBackupException when it does not say so
   */
  static Set<String> read(ObjectStore store, String key, BackupId id) {
    String name = store.location() + "/" + key;
    try (InputStream stored = store.get(key, 0, null);
        InputStream in = new ZstdInputStream(new BufferedInputStream(stored));
        JsonParser json = JsonMapper.shared().createParser(in)) {
      return read(json, id, name);
    } catch (JacksonException e) {
      if (e.getCause() instanceof IOException broken && !(broken instanceof ZstdIOException)) {
        throw unavailable(name, broken);
      }
      throw damaged(name, String.valueOf(e.getMessage()));
    } catch (ZstdIOException e) {
      throw damaged(name, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw unavailable(name, e);
    }
  }

  private static Set<String> read(JsonParser json, BackupId id, String name) {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw damaged(name, "it is no JSON object");
    }
    boolean itself = false;
    for (String member = json.nextName(); member != null; member = json.nextName()) {
      JsonToken value = json.nextToken();
      if (member.equals("format") && json.getIntValue() > ManifestJson.FORMAT) {
        throw damaged(name, "it has a later format than this version of Liferaft reads");
      } else if (member.equals("backup")) {
        itself = json.getString().equals(id.name());
      } else if (member.equals("packs") && itself && value == JsonToken.START_ARRAY) {
        return packs(json, name);
      } else {
        json.skipChildren();
      }
    }
    throw damaged(name, "it is of another backup, or names no packs");
  }

  private static Set<String> packs(JsonParser json, String name) {
    Set<String> packs = new HashSet<>();
    while (json.nextToken() == JsonToken.START_OBJECT) {
      String pack = "";
      for (String member = json.nextName(); member != null; member = json.nextName()) {
        json.nextToken();
        if (member.equals("pack")) {
          pack = json.getString();
        } else {
          json.skipChildren();
        }
      }
      if (BackupId.parse(pack).isEmpty()) {
        throw damaged(name, "it names no pack: " + pack);
      }
      packs.add(pack);
    }
    if (json.currentToken() != JsonToken.END_ARRAY) {
      throw damaged(name, "its packs do not end");
    }
    return Set.copyOf(packs);
  }

  private static CorruptBackupException damaged(String name, String why) {
    return new CorruptBackupException(name + " is damaged: " + why, null);
  }

  private static ObjectStoreException unavailable(String name, IOException e) {
    return new ObjectStoreException(
        Reason.UNAVAILABLE, "reading " + name + " broke off: " + e.getMessage(), e);
  }
}
