package io.liferaft.membership;

import io.liferaft.raft.JoinPlan.Contacts;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.naming.Context;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/** Turns what the settings say about whom to ask into addresses, anew each time. */
final class ContactList {

  private static final Pattern SRV = Pattern.compile("\\d+\\s+\\d+\\s+(\\d+)\\s+(\\S+?)\\.?");

  private ContactList() {}

  /**
   * The addresses, host:port. Waits for DNS.
   *
   * @throws IllegalStateException when there are none, saying why
   */
  static List<String> of(Contacts contacts) {
    return switch (contacts) {
      case Contacts.None _ -> List.of();
      case Contacts.Addresses(var addresses) -> addresses;
      case Contacts.DnsName(var name, var port) -> addresses(name, port);
      case Contacts.DnsService(var name, var service) ->
          targets("_%s._tcp.%s".formatted(service, name));
    };
  }

  private static List<String> addresses(String name, int port) {
    try {
      TreeSet<String> found = new TreeSet<>();
      for (InetAddress address : InetAddress.getAllByName(name)) {
        String text = address.getHostAddress();
        found.add((text.contains(":") ? "[" + text + "]" : text) + ":" + port);
      }
      return List.copyOf(found);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(
          "liferaft.raft.discovery.name=%s has no address in DNS yet".formatted(name), e);
    }
  }

  /** The DNS provider of the JDK alone is asked, and it returns text. */
  @SuppressWarnings({"BanJNDI", "JdkObsolete"})
  private static List<String> targets(String name) {
    Hashtable<String, String> environment = new Hashtable<>();
    environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
    try {
      InitialDirContext dns = new InitialDirContext(environment);
      try {
        Attribute services = dns.getAttributes(name, new String[] {"SRV"}).get("SRV");
        List<String> found = new ArrayList<>();
        if (services != null) {
          NamingEnumeration<?> all = services.getAll();
          while (all.hasMore()) {
            found.add(target(String.valueOf(all.next())));
          }
        }
        if (found.isEmpty()) {
          throw new IllegalStateException("%s has no SRV record in DNS yet".formatted(name));
        }
        return found;
      } finally {
        dns.close();
      }
    } catch (NamingException e) {
      throw new IllegalStateException(
          "%s cannot be looked up in DNS: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Of {@code priority weight port target.}. */
  static String target(String record) {
    Matcher fields = SRV.matcher(record.strip());
    if (!fields.matches()) {
      throw new IllegalStateException("not an SRV record: " + record);
    }
    return fields.group(2) + ":" + fields.group(1);
  }
}
