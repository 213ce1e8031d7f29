package io.liferaft.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.liferaft.support.S3Server.S3Request;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A store that answers conditional writes with 501, as some compatible ones do. */
class S3WithoutConditionsTests extends RefusingS3Contract {

  @BeforeAll
  void refuse() {
    faulty
        .when("*")
        .and(r -> !r.method().equals("GET") && conditional(r))
        .answer(501, "NotImplemented");
  }

  private static boolean conditional(S3Request request) {
    return !request.header("If-Match").isEmpty() || !request.header("If-None-Match").isEmpty();
  }

  /** It is only looked beforehand, so that more than one may. */
  @Override
  @Test
  public void letsOneOfManyFirstWritersWin() throws Exception {
    assertThat(winners(new PutCondition.IfAbsent())).isPositive();
  }
}
