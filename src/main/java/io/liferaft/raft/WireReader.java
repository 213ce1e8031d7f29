package io.liferaft.raft;

import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlResult;
import io.liferaft.sqlite.SqlStatement;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedInputStream;
import org.jspecify.annotations.Nullable;

/** Reads what {@link WireWriter} wrote, in the same order. Not for several threads. */
final class WireReader {

  /** Room made for a list before its elements are seen to be there. */
  private static final int ROOM = 1024;

  private final CodedInputStream in;

  WireReader(byte[] bytes) {
    this.in = CodedInputStream.newInstance(bytes);
  }

  WireReader(ByteString bytes) {
    this.in = bytes.newCodedInput();
  }

  /** Reads from a stream, which the caller closes. */
  WireReader(InputStream in) {
    this.in = CodedInputStream.newInstance(in, 64 * 1024);
  }

  boolean bool() throws IOException {
    return in.readBool();
  }

  int int32() throws IOException {
    return in.readInt32();
  }

  /** How many elements follow, as the sender says; memory is only taken for those that come. */
  int count() throws IOException {
    int count = int32();
    if (count < 0) {
      throw new IOException("a list of " + count + " elements");
    }
    return count;
  }

  long int64() throws IOException {
    return in.readInt64();
  }

  long fixed64() throws IOException {
    return in.readFixed64();
  }

  String string() throws IOException {
    return in.readString();
  }

  @Nullable String optionalString() throws IOException {
    return bool() ? string() : null;
  }

  byte[] bytes() throws IOException {
    return in.readByteArray();
  }

  List<String> strings() throws IOException {
    int count = count();
    List<String> values = new ArrayList<>(Math.min(count, ROOM));
    for (int i = 0; i < count; i++) {
      values.add(string());
    }
    return values;
  }

  List<SqlStatement> statements() throws IOException {
    int count = count();
    List<SqlStatement> statements = new ArrayList<>(Math.min(count, ROOM));
    for (int i = 0; i < count; i++) {
      statements.add(statement());
    }
    return statements;
  }

  SqlStatement statement() throws IOException {
    String sql = string();
    int count = count();
    List<SqlParameter> parameters = count == 0 ? List.of() : new ArrayList<>(Math.min(count, ROOM));
    for (int i = 0; i < count; i++) {
      parameters.add(new SqlParameter(optionalString(), value()));
    }
    return new SqlStatement(sql, parameters);
  }

  @Nullable Object value() throws IOException {
    int type = int32();
    return switch (type) {
      case 0 -> null;
      case 1 -> int64();
      case 2 -> Double.longBitsToDouble(fixed64());
      case 3 -> string();
      case 4 -> bytes();
      default -> throw new IOException("unknown value type " + type);
    };
  }

  List<SqlResult> results() throws IOException {
    int count = count();
    List<SqlResult> results = new ArrayList<>(Math.min(count, ROOM));
    for (int i = 0; i < count; i++) {
      int type = int32();
      results.add(
          switch (type) {
            case 0 -> new SqlResult.Write(int64(), int64(), int64());
            case 1 -> new SqlResult.Failed(string(), int64());
            case 2 -> rows();
            default -> throw new IOException("unknown result type " + type);
          });
    }
    return results;
  }

  BackupRecord backup() throws IOException {
    return new BackupRecord(
        string(),
        string(),
        int64(),
        string(),
        int64(),
        string(),
        optionalString(),
        int64(),
        int64());
  }

  VerifiedRecord verified() throws IOException {
    return new VerifiedRecord(
        string(), string(), string(), int64(), string(), int64(), int64(), int64(), bool(), bool(),
        string());
  }

  private SqlResult.Rows rows() throws IOException {
    List<String> columns = strings();
    List<String> tables = strings();
    List<String> types = strings();
    int count = count();
    if (columns.isEmpty() && count > 0) {
      throw new IOException("rows without columns");
    }
    List<@Nullable Object[]> values = new ArrayList<>(Math.min(count, ROOM));
    for (int i = 0; i < count; i++) {
      @Nullable Object[] row = new Object[columns.size()];
      for (int column = 0; column < row.length; column++) {
        row[column] = value();
      }
      values.add(row);
    }
    return new SqlResult.Rows(columns, tables, types, values, int64());
  }
}
