package io.liferaft.api;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what is posted to our own endpoints before the actuator does, which takes no notice of
 * members that it does not know: a dryRun that is misspelt would be a restore. Refuses as RFC 9457
 * has it. A body may be left out where nothing is needed of it, and then its type as well.
 */
final class ActuatorBodyFilter extends OncePerRequestFilter {

  private static final int MOST_BYTES = 64 << 10;

  private final ActuatorPath base;

  /**
   * @param base path of the actuator
   */
  ActuatorBodyFilter(String base) {
    this.base = ActuatorPath.of(base);
  }

  /** What a member may be. */
  private enum Kind {
    TEXT("a string"),
    FLAG("true or false");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    boolean is(JsonNode value) {
      return this == TEXT ? value.isString() : value.isBoolean();
    }
  }

  /**
   * What a body may hold.
   *
   * @param needed the member that has to be there; null for none
   */
  private record Form(Map<String, Kind> members, @Nullable String needed) {

    static final Form EMPTY = new Form(Map.of(), null);

    /** In the order in which a refusal names them. */
    static Form of(List<String> texts, List<String> flags, @Nullable String needed) {
      Map<String, Kind> members = new LinkedHashMap<>();
      texts.forEach(name -> members.put(name, Kind.TEXT));
      flags.forEach(name -> members.put(name, Kind.FLAG));
      return new Form(members, needed);
    }
  }

  /** Null where the body is somebody else's. */
  private @Nullable Form form(HttpServletRequest request) {
    List<String> names = request.getMethod().equals("POST") ? base.names(request) : null;
    if (names == null) {
      return null;
    }
    return switch (names.getFirst()) {
      case "restore" -> Form.of(List.of("point"), List.of("dryRun", "force"), "point");
      case "backups" ->
          switch (names.size()) {
            case 2 -> Form.of(List.of(), List.of("pinned"), "pinned");
            case 3 -> Form.of(List.of("depth"), List.of(), null);
            default -> Form.EMPTY;
          };
      case "backup", "drill" -> Form.EMPTY;
      default -> null;
    };
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Form form = form(request);
    if (form == null) {
      chain.doFilter(request, response);
      return;
    }
    byte[] body = request.getInputStream().readNBytes(MOST_BYTES + 1);
    if (body.length > MOST_BYTES) {
      ProblemWriter.write(response, 413, "Content Too Large", "The body has more than 64 KiB");
    } else if (body.length > 0 && !json(request.getContentType())) {
      ProblemWriter.write(
          response,
          415,
          "Unsupported Media Type",
          "The body has to be JSON: send the header Content-Type: application/json");
    } else {
      String wrong = wrong(body, form);
      if (wrong == null) {
        chain.doFilter(new JsonBody(request, body), response);
      } else {
        ProblemWriter.write(response, 400, "Bad Request", wrong);
      }
    }
  }

  private static boolean json(@Nullable String type) {
    try {
      MediaType media = type == null ? MediaType.ALL : MediaType.parseMediaType(type);
      String subtype = media.getSubtype();
      return subtype.equals("json") || subtype.endsWith("+json");
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Null when it is as it should be. */
  private static @Nullable String wrong(byte[] body, Form form) {
    JsonNode json;
    try {
      json = JsonMapper.shared().readTree(body.length == 0 ? new byte[] {'{', '}'} : body);
    } catch (JacksonException e) {
      return "The body is no JSON: " + e.getOriginalMessage();
    }
    if (!json.isObject()) {
      return "The body is no JSON object";
    }
    for (Map.Entry<String, JsonNode> member : json.properties()) {
      Kind kind = form.members().get(member.getKey());
      if (kind == null) {
        return "There is no member '%s': %s"
            .formatted(
                member.getKey(),
                form.members().isEmpty()
                    ? "none is taken here"
                    : "valid are " + String.join(", ", form.members().keySet()));
      }
      if (!member.getValue().isNull() && !kind.is(member.getValue())) {
        return "The member '%s' has to be %s".formatted(member.getKey(), kind.words);
      }
    }
    String needed = form.needed();
    return needed == null || json.hasNonNull(needed)
        ? null
        : "The member '" + needed + "' is missing";
  }

  /** The same request with the body that was read. */
  private static final class JsonBody extends HttpServletRequestWrapper {

    private static final String CONTENT_TYPE = "Content-Type";
    private static final String JSON = "application/json";

    private final byte[] body;

    JsonBody(HttpServletRequest request, byte[] body) {
      super(request);
      this.body = body.length == 0 ? new byte[] {'{', '}'} : body;
    }

    @Override
    public String getContentType() {
      return JSON;
    }

    @Override
    public @Nullable String getHeader(String name) {
      return name.equalsIgnoreCase(CONTENT_TYPE) ? JSON : super.getHeader(name);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
      return name.equalsIgnoreCase(CONTENT_TYPE)
          ? Collections.enumeration(List.of(JSON))
          : super.getHeaders(name);
    }

    @Override
    public int getContentLength() {
      return body.length;
    }

    @Override
    public long getContentLengthLong() {
      return body.length;
    }

    @Override
    public BufferedReader getReader() {
      return new BufferedReader(new InputStreamReader(getInputStream(), StandardCharsets.UTF_8));
    }

    @Override
    public ServletInputStream getInputStream() {
      ByteArrayInputStream in = new ByteArrayInputStream(body);
      return new ServletInputStream() {
        @Override
        public int read() {
          return in.read();
        }

        @Override
        public int read(byte[] b, int off, int len) {
          return in.read(b, off, len);
        }

        @Override
        public boolean isFinished() {
          return in.available() == 0;
        }

        @Override
        public boolean isReady() {
          return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
          throw new IllegalStateException("the body is read on the request's thread");
        }
      };
    }
  }
}
