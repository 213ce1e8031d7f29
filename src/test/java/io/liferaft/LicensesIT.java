package io.liferaft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** What {@code /licenses} lists is what is in the jar. */
class LicensesIT {

  private static final String FOLDER = "BOOT-INF/lib/";

  @Test
  void everyPartThatIsShippedIsListedAndNoOther() throws IOException {
    try (JarFile jar = new JarFile(System.getProperty("liferaft.jar"))) {
      List<String> shipped =
          jar.stream()
              .map(ZipEntry::getName)
              .filter(name -> name.startsWith(FOLDER) && name.endsWith(".jar"))
              .map(name -> name.substring(FOLDER.length()).replaceFirst("-[0-9].*", ""))
              .toList();

      assertThat(shipped).hasSizeGreaterThan(100);
      assertThat(listed(jar)).containsExactlyInAnyOrderElementsOf(shipped);
    }
  }

  /** Lines of two words with a colon between, indented: group and artifact. */
  private static List<String> listed(JarFile jar) throws IOException {
    ZipEntry entry = jar.getEntry("BOOT-INF/classes/io/liferaft/api/licenses.txt");
    assertThat(entry).isNotNull();
    String text = new String(jar.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
    return text.lines()
        .filter(line -> line.matches("  [^ :]+:[^ :]+"))
        .map(line -> line.substring(line.indexOf(':') + 1))
        .toList();
  }
}
