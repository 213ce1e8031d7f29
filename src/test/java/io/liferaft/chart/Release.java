package io.liferaft.chart;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.kubernetes.client.openapi.JSON;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1ServiceAccount;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.util.FileSystemUtils;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;

/** What Helm makes of the chart, read into Kubernetes' own model, which refuses unknown fields. */
final class Release {

  static final Path CHART = Path.of("helm/liferaft");
  static final String NAME = "trial";
  static final String NAMESPACE = "boats";
  static final String KUBERNETES = "1.32.0";

  private static final Path VALUES = Path.of("src/test/resources/chart");
  private static final Map<String, String> RENDERED = new ConcurrentHashMap<>();
  private static final Gson GSON = new Gson();
  private static final Map<String, Class<?>> MODEL =
      Map.of(
          "apps/v1/StatefulSet", V1StatefulSet.class,
          "v1/Service", V1Service.class,
          "v1/ServiceAccount", V1ServiceAccount.class,
          "v1/Pod", V1Pod.class,
          "policy/v1/PodDisruptionBudget", V1PodDisruptionBudget.class,
          "networking.k8s.io/v1/NetworkPolicy", V1NetworkPolicy.class);

  private final List<JsonObject> resources = new ArrayList<>();

  private Release(String yaml) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    for (Object document : new Yaml(options).loadAll(yaml)) {
      if (document != null) {
        resources.add(GSON.toJsonTree(document).getAsJsonObject());
      }
    }
  }

  /** Rendered with a file of src/test/resources/chart, without its ending. */
  static Release of(String values) {
    return new Release(
        RENDERED.computeIfAbsent(values, _ -> template().withValuesFile(file(values)).call()));
  }

  static Path file(String values) {
    return VALUES.resolve(values + ".yaml");
  }

  static TemplateCommand template() {
    return template(CHART);
  }

  private static TemplateCommand template(Path chart) {
    return new Helm(chart)
        .template()
        .withName(NAME)
        .withNamespace(NAMESPACE)
        .withKubeVersion(KUBERNETES);
  }

  /** The pod of {@code helm test}, which Helm keeps apart as a hook, made an ordinary resource. */
  static V1Pod helmTest(String values) {
    return changed(
            values, Path.of("templates/tests/answers.yaml"), "(?m)^.*helm\\.sh/hook.*\\n", "", "")
        .one(V1Pod.class);
  }

  /**
   * An upgrade of this release to other values, with this one's nodes for what the cluster holds.
   */
  Release upgradedTo(String values) {
    return changed(
        values,
        Path.of("templates/_helpers.tpl"),
        "(?s)\\.Release\\.IsUpgrade(.*)\\(?lookup \"apps/v1\" \"StatefulSet\" [^\\n]*? \\}\\}",
        "true$1.Files.Get \"there.yaml\" | fromYaml }}",
        custom("StatefulSet").toString());
  }

  /** Rendered by a copy of the chart with one file changed and another one added. */
  private static Release changed(
      String values, Path file, String pattern, String replacement, String there) {
    try {
      Path copy = Files.createTempDirectory("chart");
      try {
        FileSystemUtils.copyRecursively(CHART, copy);
        Path template = copy.resolve(file);
        String before = Files.readString(template);
        String after = before.replaceAll(pattern, replacement);
        if (after.equals(before)) {
          throw new AssertionError(file + " has no " + pattern);
        }
        Files.writeString(template, after);
        Files.writeString(copy.resolve("there.yaml"), there);
        return new Release(template(copy).withValuesFile(file(values)).call());
      } finally {
        FileSystemUtils.deleteRecursively(copy);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<JsonObject> resources() {
    return resources;
  }

  /**
   * Into the model.
   *
   * @throws RuntimeException naming a field that Kubernetes does not have or a required one missing
   */
  static Object parse(JsonObject resource) {
    Class<?> type = MODEL.get(kind(resource));
    if (type == null) {
      throw new IllegalArgumentException("no model of " + kind(resource));
    }
    return JSON.getGson().fromJson(resource, type);
  }

  static String kind(JsonObject resource) {
    return resource.get("apiVersion").getAsString() + "/" + resource.get("kind").getAsString();
  }

  <T> List<T> all(Class<T> type) {
    return resources.stream()
        .filter(resource -> type.equals(MODEL.get(kind(resource))))
        .map(resource -> type.cast(parse(resource)))
        .toList();
  }

  <T> T one(Class<T> type) {
    List<T> found = all(type);
    if (found.size() != 1) {
      throw new AssertionError(found.size() + " of " + type.getSimpleName());
    }
    return found.getFirst();
  }

  /** The only resource of a kind that Kubernetes' model does not have. */
  JsonObject custom(String kind) {
    return resources.stream()
        .filter(resource -> resource.get("kind").getAsString().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  V1Service service(String name) {
    return all(V1Service.class).stream()
        .filter(service -> name.equals(service.getMetadata().getName()))
        .findFirst()
        .orElseThrow();
  }

  V1StatefulSet nodes() {
    return one(V1StatefulSet.class);
  }

  V1PodSpec pod() {
    return nodes().getSpec().getTemplate().getSpec();
  }

  V1Container container() {
    return pod().getContainers().getFirst();
  }

  /** The program's arguments in the pod of an ordinal, as Kubernetes fills them in. */
  List<String> arguments(int ordinal) {
    String name = nodes().getMetadata().getName() + "-" + ordinal;
    return container().getArgs().stream()
        .map(argument -> argument.replace("$(POD_NAME)", name))
        .toList();
  }

  /** The argument's value. */
  String argument(int ordinal, String property) {
    String start = "--" + property + "=";
    return arguments(ordinal).stream()
        .filter(argument -> argument.startsWith(start))
        .map(argument -> argument.substring(start.length()))
        .reduce((first, second) -> {
          throw new AssertionError(property + " twice");
        })
        .orElseThrow(() -> new AssertionError("no " + property));
  }

  /** An environment variable that has a plain value. */
  String variable(String name) {
    return container().getEnv().stream()
        .filter(variable -> variable.getName().equals(name))
        .findFirst()
        .orElseThrow()
        .getValue();
  }

  static List<JsonElement> list(JsonObject parent, String key) {
    return parent.getAsJsonArray(key).asList();
  }
}
