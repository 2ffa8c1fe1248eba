package io.github.nextclass.engine;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * The Java side of scripts/compare_checkpoints.py. Reads lines of checkpoint, token ids, file and
 * primitives, with tabs between; writes the logits of all positions to the file, as 32-bit floats,
 * and answers each line with {@code ok}, {@code refused MESSAGE} or {@code failed EXCEPTION}.
 */
final class LogitsLines {

  public static void main(String[] arguments) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] fields = line.split("\t", -1);
      out.println(
          answer(Path.of(fields[0]), ids(fields[1]), Path.of(fields[2]), fields[3])
              .replace('\n', ' '));
    }
  }

  private static int[] ids(String text) {
    return Arrays.stream(text.split(",")).mapToInt(Integer::parseInt).toArray();
  }

  private static String answer(Path checkpoint, int[] tokenIds, Path file, String primitives) {
    EngineOptions options =
        EngineOptions.defaults()
            .withPrimitives(PrimitivesChoice.valueOf(primitives.toUpperCase(Locale.ROOT)))
            .withThreads(2)
            .withPrefillChunk(Math.max(7, tokenIds.length / 5));
    try (Engine engine = Engine.load(checkpoint, options);
        Session session = engine.newSession(tokenIds.length)) {
      int vocabSize = engine.config().vocabSize();
      ByteBuffer bytes =
          ByteBuffer.allocate(Math.multiplyExact(tokenIds.length, vocabSize * Float.BYTES))
              .order(ByteOrder.LITTLE_ENDIAN);
      int together = tokenIds.length * 2 / 3; // the rest one by one, as in generation
      session.forward(
          Arrays.copyOf(tokenIds, together),
          (position, logits) -> {
            for (float logit : logits) {
              bytes.putFloat(logit);
            }
          });
      for (int i = together; i < tokenIds.length; i++) {
        for (float logit : session.forward(tokenIds[i])) {
          bytes.putFloat(logit);
        }
      }
      Files.write(file, bytes.array());
      return "ok";
    } catch (ModelFormatException | io.github.nextclass.safetensors.SafetensorsException e) {
      return "refused " + e.getMessage();
    } catch (Exception | Error e) {
      return "failed " + e + " at " + Arrays.toString(e.getStackTrace());
    }
  }

  private LogitsLines() {}
}
