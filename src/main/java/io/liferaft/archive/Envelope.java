package io.liferaft.archive;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Encrypted bytes with the wrapped key in front: docs/backup-format.md, "Encryption". A stream of
 * segments, so that nothing is held whole; cut, swapped and changed ones are noticed (the STREAM
 * construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
 */
final class Envelope {

  private static final byte[] MAGIC = "LFE1".getBytes(StandardCharsets.US_ASCII);
  private static final int SEGMENT_BYTES = 64 << 10;
  private static final int PREFIX_BYTES = 7;
  private static final int MOST_HEADER_BYTES = 16 << 10;
  private static final int SHA256_BYTES = 32;

  private static final SecureRandom RANDOM = new SecureRandom();

  private Envelope() {}

  /** Whether bytes that begin so are encrypted. */
  static boolean begins(byte[] start) {
    return Arrays.equals(start, 0, Math.min(MAGIC.length, start.length), MAGIC, 0, MAGIC.length);
  }

  /** Bytes that {@link #begins} wants to see. */
  static int magicBytes() {
    return MAGIC.length;
  }

  /**
   * Encrypts what is written to it; complete when it is closed, which closes {@code out}.
   *
   * @param purpose what it is, with the object's name: another one cannot take its place
   */
  static OutputStream seal(OutputStream out, WrappedKey key, String purpose) throws IOException {
    byte[] header = JsonMapper.shared().writeValueAsBytes(key.wrapping().json());
    ByteArrayOutputStream start = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(start);
    data.write(MAGIC);
    data.writeShort(header.length);
    data.write(header);
    data.write(VerifyingOutputStream.sha256().digest(start.toByteArray()));
    byte[] prefix = new byte[PREFIX_BYTES];
    RANDOM.nextBytes(prefix);
    data.write(prefix);
    out.write(start.toByteArray());
    return new Sealing(out, key.key().derive(purpose), prefix);
  }

  /**
   * What was encrypted.
   *
   * @param plain to be read to its end: only then it is sure that nothing was cut off
   */
  record Opened(InputStream plain, WrappedKey key) {}

  /**
   * Decrypts; reading it throws {@link CorruptBackupException} where it has been changed.
   *
   * @param in behind the {@link #magicBytes}
   * @param purpose as it was sealed
   * @param name of the object, for messages
   * @throws CorruptBackupException when its start is damaged
   * @throws EncryptionKeyException when the key is not there
   * @throws io.liferaft.objectstore.ObjectStoreException UNAVAILABLE when AWS KMS cannot be asked
   */
  static Opened open(InputStream in, EncryptionKeys keys, String purpose, String name)
      throws IOException {
    byte[] size = in.readNBytes(2);
    int length = size.length < 2 ? 0 : Short.toUnsignedInt(ByteBuffer.wrap(size).getShort());
    byte[] header = in.readNBytes(Math.min(length, MOST_HEADER_BYTES));
    MessageDigest digest = VerifyingOutputStream.sha256();
    digest.update(MAGIC);
    digest.update(size);
    digest.update(header);
    byte[] sha256 = in.readNBytes(SHA256_BYTES);
    byte[] prefix = in.readNBytes(PREFIX_BYTES);
    if (!MessageDigest.isEqual(sha256, digest.digest()) || prefix.length < PREFIX_BYTES) {
      throw damaged(name, null);
    }
    try {
      WrappedKey key = keys.unwrap(Wrapping.of(JsonMapper.shared().readTree(header)), name);
      return new Opened(new Opening(in, key.key().derive(purpose), prefix, name), key);
    } catch (JacksonException e) {
      throw damaged(name, e);
    }
  }

  private static CorruptBackupException damaged(String name, @Nullable Exception cause) {
    return new CorruptBackupException(name + " is damaged: it is not what was encrypted", cause);
  }

  private static byte[] nonce(byte[] prefix, int segment, boolean last) {
    return ByteBuffer.allocate(Aes256Gcm.NONCE_BYTES)
        .put(prefix)
        .putInt(segment)
        .put((byte) (last ? 1 : 0))
        .array();
  }

  private static final class Sealing extends OutputStream {
    private final OutputStream out;
    private final SecretKey key;
    private final byte[] prefix;
    private final byte[] plain = new byte[SEGMENT_BYTES];
    private int filled;
    private int segment;
    private boolean closed;

    Sealing(OutputStream out, SecretKey key, byte[] prefix) {
      this.out = out;
      this.key = key;
      this.prefix = prefix;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int from = offset;
      int left = length;
      while (left > 0) {
        if (filled == SEGMENT_BYTES) {
          seal(false);
        }
        int n = Math.min(left, SEGMENT_BYTES - filled);
        System.arraycopy(bytes, from, plain, filled, n);
        filled += n;
        from += n;
        left -= n;
      }
    }

    private void seal(boolean last) throws IOException {
      try {
        out.write(
            Aes256Gcm.cipher(Cipher.ENCRYPT_MODE, key, nonce(prefix, segment, last))
                .doFinal(plain, 0, filled));
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("this JDK cannot encrypt with AES-256-GCM", e);
      }
      segment = Math.incrementExact(segment);
      filled = 0;
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        seal(true);
        out.close();
      }
    }
  }

  private static final class Opening extends InputStream {
    private final InputStream in;
    private final SecretKey key;
    private final byte[] prefix;
    private final String name;

    /** One segment, and the first byte of the next. */
    private final byte[] sealed = new byte[SEGMENT_BYTES + Aes256Gcm.TAG_BYTES + 1];

    private int kept;
    private int segment;
    private boolean ended;
    private byte[] plain = new byte[0];
    private int at;

    Opening(InputStream in, SecretKey key, byte[] prefix, String name) {
      this.in = in;
      this.key = key;
      this.prefix = prefix;
      this.name = name;
    }

    private boolean more() throws IOException {
      while (at == plain.length) {
        if (ended) {
          return false;
        }
        next();
      }
      return true;
    }

    private void next() throws IOException {
      int length = kept + in.readNBytes(sealed, kept, sealed.length - kept);
      ended = length < sealed.length;
      int own = ended ? length : length - 1;
      try {
        plain =
            Aes256Gcm.cipher(Cipher.DECRYPT_MODE, key, nonce(prefix, segment, ended))
                .doFinal(sealed, 0, own);
      } catch (GeneralSecurityException e) {
        throw damaged(name, e);
      }
      at = 0;
      segment++;
      if (!ended) {
        sealed[0] = sealed[own];
        kept = 1;
      }
    }

    @Override
    public int read() throws IOException {
      return more() ? plain[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!more()) {
        return -1;
      }
      int n = Math.min(length, plain.length - at);
      System.arraycopy(plain, at, into, offset, n);
      at += n;
      return n;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
