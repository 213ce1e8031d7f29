package io.liferaft.cdc;

import io.liferaft.raft.ChangeJournal;
import io.liferaft.sqlite.FileBorder;
import io.liferaft.sqlite.RowChange;
import io.liferaft.sqlite.SqlEntry;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The changes that are still to be delivered, on disk: written by the apply thread, read by the
 * sender. One frame holds one change with the index, time and commit of its entry. Only what was
 * published is read.
 */
final class ChangeQueue implements ChangeJournal {

  private static final Logger log = LoggerFactory.getLogger(ChangeQueue.class);

  private static final String PREFIX = "changes-";
  private static final int HEADER = 28;
  private static final int BUFFER = 1024 * 1024;
  private static final long SEGMENT = 16L * 1024 * 1024;
  private static final long MOST_BYTES = 4L * 1024 * 1024;
  private static final int AT_ONCE = 1000;
  private static final int LONGEST = 1024 * 1024 * 1024;

  /**
   * A place in the queue.
   *
   * @param opening which opening it belongs to: a later one may have dropped what was there
   */
  record Place(int opening, Path segment, long offset) {}

  /** A file of the queue; {@code end} is where published frames end. */
  private static final class Segment {
    private final Path path;
    private long end;

    Segment(Path path, long end) {
      this.path = path;
      this.end = end;
    }
  }

  /** Where a commit begins that has not been published. */
  private record Start(long position, long index, int commit) {}

  /** What could be read at one moment; only the end of the queue grows meanwhile. */
  private record View(int opening, Place head, List<Extent> segments) {}

  private record Extent(Path path, long end) {}

  private record Frame(long index, long clockMillis, int commit, byte[] event) {
    boolean sameCommit(Frame other) {
      return index == other.index && commit == other.commit;
    }

    Frame withoutEvent() {
      return new Frame(index, clockMillis, commit, new byte[0]);
    }
  }

  private final CdcConfig config;
  private final FileBorder files;
  private final EventWriter events;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Segment> segments = new ArrayList<>();
  private int opening;
  private @Nullable Path folder;
  private @Nullable RandomAccessFile writing;
  private byte[] buffer = new byte[64 * 1024];
  private int buffered;
  private long written;
  private int commit;
  private long lastIndex = -1;
  private @Nullable IOException failure;
  private Place head = new Place(0, Path.of(""), 0);
  private final List<Start> added = new ArrayList<>();
  private final LongAdder failures = new LongAdder();
  private long waiting;
  private long news;

  ChangeQueue(CdcConfig config, FileBorder files) {
    this.config = config;
    this.files = files;
    this.events = new EventWriter(config.rowIdsOnly());
  }

  // --- the apply thread ---

  @Override
  public void begin(Path dataFolder, long index, boolean continues) throws IOException {
    lock.lock();
    try {
      closeFile();
      Path own = dataFolder.resolve("cdc");
      Files.createDirectories(own);
      folder = own;
      opening++;
      segments.clear();
      waiting = 0;
      buffered = 0;
      failure = null;
      added.clear();
      scan(own, continues ? index : -1);
      if (segments.isEmpty()) {
        startSegment(index + 1);
      } else {
        open(segments.getLast());
      }
      head = new Place(opening, segments.getFirst().path, 0);
      signal();
    } catch (IOException e) {
      failures.increment();
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /** Finds the segments and drops everything behind an index, and whatever a crash left. */
  private void scan(Path own, long index) throws IOException {
    List<Path> found;
    try (Stream<Path> list = Files.list(own)) {
      found =
          list.filter(path -> path.getFileName().toString().startsWith(PREFIX)).sorted().toList();
    }
    boolean more = true;
    Frame before = null;
    for (Path path : found) {
      if (!more || index < 0) {
        files.delete(path);
        continue;
      }
      long size = Files.size(path);
      Segment segment = new Segment(path, 0);
      try (DataInputStream in = reader(path, 0)) {
        while (segment.end < size) {
          Frame frame = read(in);
          if (frame == null || frame.index() > index) {
            break;
          }
          segment.end += HEADER + frame.event().length;
          waiting += before == null || !before.sameCommit(frame) ? 1 : 0;
          before = frame.withoutEvent();
        }
      }
      if (segment.end < size) {
        files.truncate(path, segment.end);
        more = false;
      }
      segments.add(segment);
    }
    commit = before == null ? 0 : before.commit() + 1;
  }

  private void startSegment(long index) throws IOException {
    Path path = own().resolve(PREFIX + "%020d".formatted(Math.max(index, 0)));
    files.run("create a segment of changes", () -> Files.write(path, new byte[0]));
    Segment segment = new Segment(path, 0);
    open(segment);
    segments.add(segment);
  }

  private void open(Segment segment) throws IOException {
    RandomAccessFile file = new RandomAccessFile(segment.path.toFile(), "rw");
    closeFile();
    writing = file;
    written = segment.end;
    buffered = 0;
  }

  private void closeFile() throws IOException {
    RandomAccessFile open = writing;
    writing = null;
    if (open != null) {
      open.close();
    }
  }

  private Path own() {
    if (folder == null) {
      throw new IllegalStateException("the queue has not begun");
    }
    return folder;
  }

  private RandomAccessFile file() throws IOException {
    if (writing == null) {
      throw new IOException("the queue of changes is not open");
    }
    return writing;
  }

  @Override
  public boolean wants(String table) {
    return config.tableFilter() == null || config.tableFilter().matcher(table).find();
  }

  @Override
  public long position() {
    return written + buffered;
  }

  @Override
  public void add(SqlEntry entry, RowChange change) {
    byte[] event = events.write(change);
    Start last = added.isEmpty() ? null : added.getLast();
    if (last == null || last.index() != entry.index() || last.commit() != commit) {
      added.add(new Start(position(), entry.index(), commit));
    }
    int needed = HEADER + event.length;
    if (buffer.length - buffered < needed) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, buffered + needed));
    }
    ByteBuffer frame = ByteBuffer.wrap(buffer, buffered, needed);
    frame.putInt(event.length).putInt(0);
    frame.putLong(entry.index()).putLong(entry.clockMillis()).putInt(commit).put(event);
    CRC32C sum = new CRC32C();
    sum.update(buffer, buffered + 8, needed - 8);
    frame.putInt(buffered + 4, (int) sum.getValue());
    buffered += needed;
    lastIndex = entry.index();
    if (buffered > BUFFER) {
      try {
        flush();
      } catch (IOException e) {
        failed(e);
      }
    }
  }

  @Override
  public void back(long position) {
    while (!added.isEmpty() && added.getLast().position() >= position) {
      added.removeLast();
    }
    if (position >= written) {
      buffered = (int) Math.min(buffered, position - written);
      return;
    }
    buffered = 0;
    written = position;
    try {
      RandomAccessFile file = file();
      files.run("take changes back", () -> file.setLength(position));
    } catch (IOException e) {
      failed(e);
    }
  }

  /** Where nobody can be told: {@link #flush} will. */
  private void failed(IOException e) {
    failures.increment();
    failure = e;
  }

  @Override
  public void cut() {
    commit++;
  }

  @Override
  public void flush() throws IOException {
    IOException before = failure;
    if (before != null) {
      failure = null;
      throw before;
    }
    if (buffered > 0) {
      RandomAccessFile file = file();
      try {
        files.run(
            "write changes",
            () -> {
              file.seek(written);
              file.write(buffer, 0, buffered);
            });
      } catch (IOException e) {
        failures.increment();
        throw e;
      }
      written += buffered;
      buffered = 0;
    }
  }

  @Override
  public void publish() throws IOException {
    flush();
    lock.lock();
    try {
      Segment last = segments.getLast();
      if (written == last.end) {
        return;
      }
      waiting += added.size();
      added.clear();
      last.end = written;
      signal();
      if (last.end >= SEGMENT) {
        files.force(file(), last.path);
        nextSegment();
      }
    } finally {
      lock.unlock();
    }
  }

  /** One that cannot be made now is made later: what is to be written goes on in the last one. */
  private void nextSegment() {
    try {
      startSegment(lastIndex + 1);
    } catch (IOException e) {
      failures.increment();
      log.debug("The segment of changes grows beyond its size: {}", e.toString());
    }
  }

  @Override
  public void force() throws IOException {
    flush();
    RandomAccessFile file = file();
    if (file.length() > written) {
      // A write that failed or could not be taken back: it would count after a restart.
      files.run("take changes back", () -> file.setLength(written));
    }
    files.force(file, segments.getLast().path);
    files.forceFolder(own());
  }

  // --- the sender ---

  private static DataInputStream reader(Path path, long offset) throws IOException {
    FileChannel channel = FileChannel.open(path);
    channel.position(offset);
    return new DataInputStream(
        new BufferedInputStream(Channels.newInputStream(channel), 64 * 1024));
  }

  /** The next frame; null when it is damaged or not whole. */
  private static @Nullable Frame read(DataInputStream in) throws IOException {
    try {
      int length = in.readInt();
      int sum = in.readInt();
      if (length < 0 || length > LONGEST) {
        return null;
      }
      byte[] rest = in.readNBytes(HEADER - 8 + length);
      CRC32C actual = new CRC32C();
      actual.update(rest);
      if (rest.length < HEADER - 8 + length || (int) actual.getValue() != sum) {
        return null;
      }
      ByteBuffer fields = ByteBuffer.wrap(rest);
      return new Frame(
          fields.getLong(),
          fields.getLong(),
          fields.getInt(),
          Arrays.copyOfRange(rest, HEADER - 8, rest.length));
    } catch (EOFException _) {
      return null;
    }
  }

  private View view() {
    lock.lock();
    try {
      return new View(
          opening, head, segments.stream().map(s -> new Extent(s.path, s.end)).toList());
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next commits that have not been acknowledged, up to some megabytes, and up to a number but
   * for the rest of an entry's: who skips repeated ones by their index must not miss any.
   */
  List<Commit> next(int most) throws IOException {
    View view = view();
    return read(view, view.head(), most);
  }

  private static List<Commit> read(View view, Place from, int most) throws IOException {
    List<Commit> commits = new ArrayList<>();
    List<byte[]> found = new ArrayList<>();
    Frame first = null;
    Place end = from;
    long bytes = 0;
    for (Extent segment : view.segments()) {
      if (first == null && commits.isEmpty() && isBefore(segment.path(), from.segment())) {
        continue;
      }
      long offset = segment.path().equals(from.segment()) ? from.offset() : 0;
      try (DataInputStream in = reader(segment.path(), offset)) {
        while (offset < segment.end()) {
          Frame frame = read(in);
          if (frame == null) {
            throw new IOException(
                "the queue of changes is damaged: %s at %d".formatted(segment.path(), offset));
          }
          if (first != null && (bytes >= MOST_BYTES || !first.sameCommit(frame))) {
            commits.add(new Commit(first.index(), first.clockMillis(), found, end));
            boolean otherEntry = first.index() != frame.index();
            if (bytes >= MOST_BYTES || (commits.size() >= most && otherEntry)) {
              return commits;
            }
            first = null;
            found.clear();
          }
          first = first == null ? frame : first;
          found.add(frame.event());
          bytes += frame.event().length;
          offset += HEADER + frame.event().length;
          end = new Place(view.opening(), segment.path(), offset);
        }
      }
    }
    if (first != null) {
      commits.add(new Commit(first.index(), first.clockMillis(), found, end));
    }
    return commits;
  }

  private static boolean isBefore(Path segment, Path other) {
    return segment.getFileName().toString().compareTo(other.getFileName().toString()) < 0;
  }

  /**
   * These have been delivered, or given up.
   *
   * @return log index up to which all have; -1 when they come again
   */
  long acknowledge(List<Commit> commits) throws IOException {
    Commit last = commits.getLast();
    if (!moveHead(last.end(), commits.size())) {
      return -1;
    }
    List<Commit> next = next(1);
    return !next.isEmpty() && next.getFirst().index() == last.index()
        ? last.index() - 1
        : last.index();
  }

  /** Everything up to an index has been delivered by some node. */
  void delivered(long index) throws IOException {
    List<Commit> passed;
    do {
      passed = next(AT_ONCE).stream().takeWhile(commit -> commit.index() <= index).toList();
    } while (!passed.isEmpty() && moveHead(passed.getLast().end(), passed.size()));
  }

  /** False when the queue has begun again meanwhile. */
  private boolean moveHead(Place to, int commits) {
    lock.lock();
    try {
      if (to.opening() != opening) {
        return false;
      }
      head = to;
      waiting = Math.max(0, waiting - commits);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Deletes what the cluster has on record as delivered; not before, so that what is missing here
   * can be told from {@link #firstIndex}.
   */
  void drop(long recorded) throws IOException {
    lock.lock();
    try {
      while (segments.size() > 1 && index(segments.get(1)) <= recorded + 1) {
        Segment first = segments.removeFirst();
        files.delete(first.path);
        if (head.segment().equals(first.path)) {
          head = new Place(opening, segments.getFirst().path, 0);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private static long index(Segment segment) {
    return Long.parseLong(segment.path.getFileName().toString().substring(PREFIX.length()));
  }

  /** Waits for something new, or for the time to pass. */
  void await(Duration time) throws InterruptedException {
    lock.lock();
    try {
      long seen = news;
      long left = time.toNanos();
      while (news == seen && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
    news++;
    changed.signalAll();
  }

  void wake() {
    lock.lock();
    try {
      signal();
    } finally {
      lock.unlock();
    }
  }

  /** From this log index on no change is missing here, but for what has been delivered. */
  long firstIndex() {
    lock.lock();
    try {
      return segments.isEmpty() ? 0 : index(segments.getFirst());
    } finally {
      lock.unlock();
    }
  }

  /** Commits that wait. */
  long length() {
    lock.lock();
    try {
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /** Of the files. */
  long sizeBytes() {
    lock.lock();
    try {
      return segments.stream().mapToLong(segment -> segment.end).sum();
    } finally {
      lock.unlock();
    }
  }

  /** Times that it could not be written. */
  long failures() {
    return failures.sum();
  }

  @Nullable Path folder() {
    lock.lock();
    try {
      return folder;
    } finally {
      lock.unlock();
    }
  }

  /** Closes the file; {@link #begin} opens it again. */
  void close() {
    lock.lock();
    try {
      closeFile();
    } catch (IOException e) {
      log.debug("It was to be given up", e);
    } finally {
      lock.unlock();
    }
  }
}
