package io.github.nextclass.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** The three JSON documents of which a download needs a little: two of the hub, and the index. */
final class HubJson {
  /** 2^50 bytes: no file is larger, and sums of sizes stay far from overflow. */
  private static final long MAX_FILE_BYTES = 1L << 50;

  private static final int MAX_FILES = 100_000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private HubJson() {}

  /** Says what is wrong with a document. */
  private static final class ContentException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ContentException(String message) {
      super(message);
    }
  }

  private interface Reading<T> {
    T read(JsonParser json);
  }

  /** The commit, out of {@code {"sha": "c1899de2...", ...}}. */
  static String readCommit(byte[] utf8, String where) throws HubException {
    return read(
        utf8,
        where,
        json -> {
          expect(json.nextToken(), JsonToken.START_OBJECT);
          String commit = null;
          while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = json.currentName().equals("sha");
            json.nextToken();
            if (wanted) {
              commit = text(json);
            } else {
              json.skipChildren();
            }
          }
          if (commit == null || !Checksum.isSha1(commit)) {
            throw new ContentException("\"sha\" is " + quote(commit) + ", expected a commit");
          }
          return commit;
        });
  }

  /**
   * The files of a page of a listing:
   *
   * <pre>
   *   [{"type": "file", "path": "config.json", "size": 726, "oid": "git's SHA-1"},
   *    {"type": "file", "path": "model.safetensors", "size": 1503300328, "oid": "...",
   *     "lfs": {"oid": "SHA-256", "size": 1503300328}},
   *    {"type": "directory", ...}]
   * </pre>
   */
  static List<RemoteFile> readFiles(byte[] utf8, String where) throws HubException {
    return read(
        utf8,
        where,
        json -> {
          expect(json.nextToken(), JsonToken.START_ARRAY);
          List<RemoteFile> files = new ArrayList<>();
          while (json.nextToken() == JsonToken.START_OBJECT) {
            Entry entry = readEntry(json);
            if (entry.isFile) {
              files.add(entry.file());
            }
            if (files.size() > MAX_FILES) {
              throw new ContentException("more than " + MAX_FILES + " files");
            }
          }
          expect(json.currentToken(), JsonToken.END_ARRAY);
          return files;
        });
  }

  private static Entry readEntry(JsonParser json) {
    Entry entry = new Entry();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "type" -> entry.isFile = text(json).equals("file");
        case "path" -> entry.path = text(json);
        case "oid" -> entry.oid = text(json);
        case "size" -> entry.sizeBytes = size(json);
        case "lfs" -> readLfs(json, entry);
        default -> json.skipChildren();
      }
    }
    return entry;
  }

  private static void readLfs(JsonParser json, Entry entry) {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    expect(json.currentToken(), JsonToken.START_OBJECT);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean wanted = json.currentName().equals("oid");
      json.nextToken();
      if (wanted) {
        entry.lfsOid = text(json);
      } else {
        json.skipChildren();
      }
    }
  }

  private static final class Entry {
    boolean isFile;
    @Nullable String path;
    @Nullable String oid;
    @Nullable String lfsOid;
    long sizeBytes = -1;

    /** The checksum names a file in the cache, so it must be nothing but one. */
    RemoteFile file() {
      String checksum = lfsOid == null ? oid : lfsOid.toLowerCase(Locale.ROOT);
      if (path == null
          || checksum == null
          || !(lfsOid == null ? Checksum.isSha1(checksum) : Checksum.isSha256(checksum))
          || sizeBytes < 0
          || sizeBytes > MAX_FILE_BYTES) {
        throw new ContentException(
            "the file %s has size %d and checksum %s"
                .formatted(quote(path), sizeBytes, quote(checksum)));
      }
      return new RemoteFile(path, sizeBytes, checksum);
    }
  }

  /** The names of the files that {@code model.safetensors.index.json} leads to. */
  static Set<String> readShardNames(Path index) throws IOException {
    return read(
        Files.readAllBytes(index),
        index.toString(),
        json -> {
          Set<String> shards = new LinkedHashSet<>();
          expect(json.nextToken(), JsonToken.START_OBJECT);
          while (json.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = json.currentName().equals("weight_map");
            json.nextToken();
            if (!wanted) {
              json.skipChildren();
              continue;
            }
            expect(json.currentToken(), JsonToken.START_OBJECT);
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
              json.nextToken();
              shards.add(plainFileName(text(json)));
            }
          }
          if (shards.isEmpty()) {
            throw new ContentException("there is no \"weight_map\" with names of files");
          }
          return shards;
        });
  }

  private static String plainFileName(String shard) {
    if (!shard.matches("[\\w.-]+") || shard.startsWith(".")) {
      throw new ContentException("the shard " + quote(shard) + " is no plain file name");
    }
    return shard;
  }

  private static <T> T read(byte[] utf8, String where, Reading<T> reading) throws HubException {
    try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), utf8)) {
      return reading.read(json);
    } catch (JacksonException e) {
      throw new HubException(notJson(where, "invalid JSON: " + e.getOriginalMessage()), e);
    } catch (ContentException e) {
      throw new HubException(notJson(where, e.getMessage()), e);
    }
  }

  private static String notJson(String where, @Nullable String problem) {
    return "%s: not what the Hugging Face Hub sends (%s); if a login page or a proxy answers instead, get past it, and check HF_ENDPOINT"
        .formatted(where, problem == null ? "" : problem.replaceAll("\\s+", " "));
  }

  private static String text(JsonParser json) {
    expect(json.currentToken(), JsonToken.VALUE_STRING);
    return json.getString();
  }

  private static long size(JsonParser json) {
    expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT);
    return json.getLongValue();
  }

  private static void expect(@Nullable JsonToken found, JsonToken expected) {
    if (found != expected) {
      throw new ContentException("found %s, expected %s".formatted(found, expected));
    }
  }

  private static String quote(@Nullable String text) {
    return text == null ? "missing" : Texts.quote(text);
  }
}
