package io.liferaft;

import io.liferaft.support.S3Server.S3Request;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** What nodes have asked of a store about one object. */
record S3Traffic(Supplier<List<S3Request>> requests, String key) {

  /** Requests that sent the object's bytes, or a part of them. */
  long downloads() {
    return count(request -> request.method().equals("GET"));
  }

  /** Requests that made a new object visible. */
  long uploads() {
    return count(request ->
        (request.method().equals("PUT") && !request.query().contains("partNumber="))
            || (request.method().equals("POST") && request.query().contains("uploadId=")));
  }

  private long count(Predicate<S3Request> wanted) {
    return requests.get().stream()
        .filter(request -> request.key().equals(key))
        .filter(request -> request.status() / 100 == 2)
        .filter(wanted)
        .count();
  }
}
