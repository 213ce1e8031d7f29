package io.liferaft.objectstore;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a key of AWS KMS is named in settings. */
public final class KmsKeyName {

  /** Ends a sentence that begins with the setting. */
  public static final String REFUSED =
      "names no key of AWS KMS: valid are its ARN, as"
          + " arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab, its"
          + " id, as 1234abcd-12ab-34cd-56ef-1234567890ab, and alias/NAME";

  private static final String ALIAS = "alias/[a-zA-Z0-9/_-]{1,250}";
  private static final String ID = "[a-zA-Z0-9-]{1,64}";

  private static final Pattern NAME =
      Pattern.compile(
          "%1$s|%2$s|arn:[a-z0-9-]+:kms:([a-z0-9-]+):[0-9]{12}:(key/%2$s|%1$s)"
              .formatted(ALIAS, ID));

  private KmsKeyName() {}

  /** Whether it is the ARN or the id of a key, or the ARN or the name of an alias. */
  public static boolean isOne(String name) {
    return NAME.matcher(name).matches();
  }

  /** The region that an ARN names; the others leave it to the settings. */
  static Optional<String> region(String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches() ? Optional.ofNullable(matcher.group(1)) : Optional.empty();
  }
}
