package io.liferaft.raft;

import io.liferaft.sqlite.AnswerClaim;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ConnectivityState;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCallStreamObserver;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One unary call between nodes, bytes in and bytes out, on the same port as Ratis. It works before
 * a node has any group.
 */
final class PeerRpc implements AutoCloseable {

  /** Answers a call; runs on a thread that may wait. */
  interface Handler {
    byte[] handle(byte[] request);
  }

  /** A call that brought no answer. */
  static final class UnreachableException extends RuntimeException {
    private final boolean sent;

    private final String reason;

    UnreachableException(String address, String reason, boolean sent, @Nullable Throwable cause) {
      super(address + ": " + reason, cause);
      this.reason = reason;
      this.sent = sent;
    }

    /** Why, without the address. */
    String reason() {
      return reason;
    }

    /** Whether the other node may have received it. */
    boolean sent() {
      return sent;
    }
  }

  /** Largest message: an answer's rows are limited below this. */
  static final int MAX_MESSAGE_BYTES = 128 * 1024 * 1024;

  private static final int LARGE_ANSWER = 64 * 1024;
  private static final Duration LONGEST_SENDING = Duration.ofMinutes(2);

  private static final String SERVICE = "liferaft.Peer";

  /** What gRPC says of calls that come after {@link ManagedChannel#shutdown}; none is sent. */
  private static final String SHUT_DOWN = "Channel shutdown invoked";

  private static final MethodDescriptor<byte[], byte[]> CALL =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Call"))
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private static final Logger log = LoggerFactory.getLogger(PeerRpc.class);

  private final PeerTls tls;
  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final OncePerPeer troubles = new OncePerPeer();

  PeerRpc(PeerTls tls) {
    this.tls = tls;
  }

  /**
   * The service to add to the Raft port's server.
   *
   * @param calls told of each call, and when its answer is gone
   */
  static ServerServiceDefinition service(Handler handler, Executor executor, ServedCalls calls) {
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(
            CALL,
            ServerCalls.asyncUnaryCall((request, reply) -> {
              CountDownLatch gone = new CountDownLatch(1);
              if (reply instanceof ServerCallStreamObserver<byte[]> call) {
                Runnable end =
                    () -> {
                      gone.countDown();
                      calls.ended();
                    };
                calls.began();
                call.setOnCloseHandler(end); // of the two exactly one is called
                call.setOnCancelHandler(end);
              }
              executor.execute(
                  () -> AnswerClaim.during(() -> answer(handler, request, reply, gone)));
            }))
        .build();
  }

  /** Ends when a large answer is gone: until then gRPC has a copy, and its claim has to last. */
  private static void answer(
      Handler handler, byte[] request, StreamObserver<byte[]> reply, CountDownLatch gone) {
    try {
      byte[] answer = handler.handle(request);
      reply.onNext(answer);
      reply.onCompleted();
      if (answer.length >= LARGE_ANSWER) {
        boolean _ = gone.await(LONGEST_SENDING.toSeconds(), TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      reply.onError(Status.INTERNAL.withDescription(e.toString()).asException());
    }
  }

  /**
   * Calls a node and waits.
   *
   * @throws UnreachableException when no answer came in time
   */
  byte[] call(String address, byte[] request, Duration timeout) {
    ManagedChannel channel = channel(address);
    try {
      byte[] answer =
          ClientCalls.blockingUnaryCall(
              channel,
              CALL,
              CallOptions.DEFAULT.withDeadlineAfter(
                  Math.max(1, timeout.toMillis()), TimeUnit.MILLISECONDS),
              request);
      troubles.forget(address);
      return answer;
    } catch (StatusRuntimeException e) {
      if (SHUT_DOWN.equals(e.getStatus().getDescription())) {
        return call(address, request, timeout); // another call had just put one in its place
      }
      String trouble = tls.trouble(e);
      if (trouble != null) {
        if (troubles.isNew(address, trouble)) {
          log.warn("The node at {} cannot be asked: {}", address, trouble);
        }
        // A handshake comes before everything else.
        throw new UnreachableException(address, trouble, false, e);
      }
      if (neverSent(e)) {
        retire(address, channel);
      }
      throw new UnreachableException(address, reason(e), !neverSent(e), e);
    }
  }

  /** gRPC fails the waiting calls a moment before it says that the channel is failing. */
  private void retire(String address, ManagedChannel failed) {
    var _ = channels.remove(address, failed);
    var _ = failed.shutdown();
  }

  /** Whether there is a connection to a node; asks for one otherwise. Does not wait. */
  boolean connected(String address) {
    return channel(address).getState(true) == ConnectivityState.READY;
  }

  /**
   * After a connection has failed gRPC waits with the next try, in the end for two minutes, and
   * answers calls with the old failure meanwhile. So what comes then gets a channel of its own, and
   * an answer of now.
   */
  private ManagedChannel channel(String address) {
    ManagedChannel known = channels.get(address);
    return known != null && !failing(known)
        ? known
        : Objects.requireNonNull(channels.compute(address, this::renewed));
  }

  private ManagedChannel renewed(String address, @Nullable ManagedChannel before) {
    if (before != null && !failing(before)) {
      return before;
    }
    if (before != null) {
      var _ = before.shutdown();
    }
    return open(address);
  }

  private static boolean failing(ManagedChannel channel) {
    ConnectivityState state = channel.getState(false);
    return state == ConnectivityState.TRANSIENT_FAILURE || state == ConnectivityState.SHUTDOWN;
  }

  private ManagedChannel open(String address) {
    HostPort target = HostPort.parse(address);
    NettyChannelBuilder channel =
        NettyChannelBuilder.forAddress(target.host(), target.port())
            .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    tls.configure(channel);
    return channel.build();
  }

  private static boolean neverSent(StatusRuntimeException e) {
    return e.getStatus().getCode() == Status.Code.UNAVAILABLE
        && e.getCause() instanceof ConnectException;
  }

  private static String reason(StatusRuntimeException e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof StatusRuntimeException) {
      return e.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED
          ? "no answer in time"
          : String.valueOf(e.getMessage());
    }
    return cause instanceof ConnectException
        ? "connection refused"
        : String.valueOf(cause.getMessage());
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try (stream) {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException("a message between nodes cannot be read", e);
      }
    }
  }
}
