package io.liferaft.api;

import io.liferaft.sqlite.SqlParameter;
import io.liferaft.sqlite.SqlStatement;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.channels.Channels;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads statements from a request's body as it arrives, by rqlite's rules. Immutable.
 *
 * <p>A body that is not JSON is reported as that even when something before the bad place is
 * refused for another reason: so rqlite does, which parses first.
 */
final class StatementReader {

  private static final String INVALID_JSON = "invalid JSON body";
  private static final String INVALID_REQUEST = "invalid request";
  private static final String NESTED_LIST = "unsupported type []interface {}";
  private static final String NESTED_OBJECT = "unsupported type map[string]interface {}";

  // Objects with their headers and the references to them, as measured with compressed pointers.
  private static final long STATEMENT_BYTES = 120;
  private static final long PARAMETER_BYTES = 96;
  private static final long NAMED_PARAMETER_BYTES = 200;

  private static final int BUFFER = 8 * 1024;
  private static final int SMALLEST_BUFFER = 64;

  /** Longest name or number, which the parser puts together unasked. */
  private static final int LONGEST_TOKEN = 1_000_000;

  /** Told what statements take while they are read; may throw to end the reading. */
  interface Memory {
    /** Charges memory besides that of the bytes read. */
    void charge(long bytes);

    /** What is read now is one string, of which several copies are made. */
    default void beginString() {}

    /** The string is whole, and there is one copy of it. */
    default void endString() {}
  }

  private final JsonFactory json;

  /**
   * @param longest no string of a body is longer than this, since no body is
   */
  StatementReader(long longest) {
    int length = (int) Math.min(longest, Integer.MAX_VALUE - 8);
    json =
        JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxStringLength(length)
                    .maxNameLength(Math.min(length, LONGEST_TOKEN))
                    .maxNumberLength(Math.min(length, LONGEST_TOKEN))
                    .maxNestingDepth(500)
                    .build())
            .build();
  }

  /**
   * The statements of a JSON body; empty ones are left out.
   *
   * @param memory told what the statements take
   * @throws RequestFailure 400 with rqlite's text
   */
  List<SqlStatement> read(InputStream body, Memory memory) throws IOException {
    return read(body, memory, false);
  }

  /**
   * As above.
   *
   * @param noneAllowed whether an empty list is an answer
   */
  List<SqlStatement> read(InputStream body, Memory memory, boolean noneAllowed) throws IOException {
    try (JsonParser parser = json.createParser(ObjectReadContext.empty(), text(body))) {
      return new Body(parser, memory).statements(noneAllowed);
    } catch (JacksonIOException e) {
      throw e.getCause();
    } catch (JacksonException e) {
      throw RequestFailure.badRequest(INVALID_JSON);
    }
  }

  /**
   * The text of a body: a reader, since Go replaces bytes that are not UTF-8 where Jackson would
   * refuse them. Its buffer is as large as what has arrived already, mostly all: the usual 8 KB
   * would be a quarter of what a small write allocates.
   */
  private static Reader text(InputStream body) throws IOException {
    int arrived = body.available();
    int buffer = arrived <= 0 ? BUFFER : Math.clamp(arrived, SMALLEST_BUFFER, BUFFER);
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    return Channels.newReader(Channels.newChannel(body), decoder, buffer);
  }

  /** The one statement that a plain text body is. */
  static List<SqlStatement> readText(InputStream body, Memory memory) throws IOException {
    StringWriter text = new StringWriter();
    memory.beginString();
    new InputStreamReader(body, StandardCharsets.UTF_8).transferTo(text);
    memory.endString();
    return text.getBuffer().isEmpty() ? List.of() : List.of(SqlStatement.of(text.toString()));
  }

  /** One body being read. The first refusal is kept until the end has been seen. */
  private static final class Body {

    private final JsonParser parser;
    private final Memory memory;
    private final List<SqlStatement> statements = new ArrayList<>();
    private @Nullable String refusal;
    private boolean any;

    Body(JsonParser parser, Memory memory) {
      this.parser = parser;
      this.memory = memory;
    }

    List<SqlStatement> statements(boolean noneAllowed) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw RequestFailure.badRequest(INVALID_JSON);
      }
      if (first != JsonToken.START_ARRAY) {
        refuse(INVALID_REQUEST);
        skip(first);
      } else {
        for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
          any = true;
          element(token);
        }
      }
      if (refusal != null) {
        throw RequestFailure.badRequest(refusal);
      }
      if (!any && !noneAllowed) {
        throw RequestFailure.badRequest("no statements");
      }
      return statements;
    }

    private void element(JsonToken token) {
      switch (token) {
        case VALUE_STRING -> add(string(), List.of());
        case START_ARRAY -> {
          JsonToken first = next();
          String sql = null;
          if (first == JsonToken.VALUE_STRING) {
            sql = string();
          } else {
            refuse(INVALID_REQUEST);
            if (first == JsonToken.END_ARRAY) {
              return;
            }
            skip(first);
          }
          List<SqlParameter> parameters = new ArrayList<>();
          for (JsonToken t = next(); t != JsonToken.END_ARRAY; t = next()) {
            parameter(t, parameters);
          }
          if (sql != null) {
            add(sql, parameters);
          }
        }
        default -> {
          refuse(INVALID_REQUEST);
          skip(token);
        }
      }
    }

    private void add(String sql, List<SqlParameter> parameters) {
      if (!sql.isEmpty() && refusal == null) {
        memory.charge(STATEMENT_BYTES);
        statements.add(new SqlStatement(sql, parameters));
      }
    }

    private void parameter(JsonToken token, List<SqlParameter> parameters) {
      if (token != JsonToken.START_OBJECT) {
        memory.charge(PARAMETER_BYTES);
        parameters.add(new SqlParameter(null, value(token)));
        return;
      }
      Map<String, @Nullable Object> named = new LinkedHashMap<>();
      for (JsonToken t = next(); t != JsonToken.END_OBJECT; t = next()) {
        memory.charge(NAMED_PARAMETER_BYTES);
        String name = Literals.wellFormed(parser.currentName());
        named.put(name, value(next()));
      }
      named.forEach((name, value) -> parameters.add(new SqlParameter(name, value)));
    }

    private @Nullable Object value(JsonToken token) {
      return switch (token) {
        case VALUE_STRING -> Literals.textOrBlob(string());
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser.getString());
        case VALUE_TRUE -> 1L;
        case VALUE_FALSE -> 0L;
        case VALUE_NULL -> null;
        case START_ARRAY -> bytes();
        default -> {
          refuse(NESTED_OBJECT);
          skip(token);
          yield null;
        }
      };
    }

    private @Nullable Object number(String literal) {
      if (literal.chars().allMatch(c -> c == '-' || (c >= '0' && c <= '9'))) {
        try {
          return Long.parseLong(literal);
        } catch (NumberFormatException e) {
          // Beyond 64 bits: a REAL, as below.
        }
      }
      double real = Double.parseDouble(literal);
      if (Double.isInfinite(real)) {
        refuse("invalid number " + literal);
        return null;
      }
      return real;
    }

    private byte[] bytes() {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (JsonToken token = next(); token != JsonToken.END_ARRAY; token = next()) {
        if (token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT) {
          String literal = parser.getString();
          int b = Literals.byteValue(literal);
          if (b < 0) {
            refuse("unsupported type " + literal);
          }
          bytes.write(b);
        } else {
          refuse(NESTED_LIST);
          skip(token);
        }
      }
      return bytes.toByteArray();
    }

    private void refuse(String text) {
      if (refusal == null) {
        refusal = text;
      }
    }

    private void skip(JsonToken token) {
      if (token == JsonToken.START_ARRAY || token == JsonToken.START_OBJECT) {
        parser.skipChildren();
        if (parser.currentToken() == null) {
          throw RequestFailure.badRequest(INVALID_JSON);
        }
      }
    }

    private JsonToken next() {
      JsonToken token = parser.nextToken();
      if (token == null) {
        throw RequestFailure.badRequest(INVALID_JSON);
      }
      return token;
    }

    private String string() {
      memory.beginString();
      String string = Literals.wellFormed(parser.getString());
      memory.endString();
      return string;
    }
  }
}
