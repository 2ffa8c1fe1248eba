package io.github.nextclass.sampling;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The Java side of scripts/compare_generation.py. Reads lines of checkpoint and token ids, with a
 * tab between; answers each with a list of lists of token ids, what the checkpoint's own settings
 * generate, or with {@code failed EXCEPTION}.
 */
final class GenerateLines {

  public static void main(String[] arguments) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] fields = line.split("\t", -1);
      out.println(answer(Path.of(fields[0]), fields[1]).replace('\n', ' '));
    }
  }

  private static String answer(Path checkpoint, String ids) {
    int[] prompt = Arrays.stream(ids.split(",")).mapToInt(Integer::parseInt).toArray();
    try (LanguageModel model = LanguageModel.load(checkpoint)) {
      List<Generation> generations =
          model.generateAll(prompt, model.defaultDecoding().maskPadding(false), new Cancellation());
      return generations.stream()
          .map(generation -> Arrays.toString(generation.tokenIds()))
          .collect(Collectors.joining(", ", "[", "]"));
    } catch (Exception | Error e) {
      return "failed " + e;
    }
  }

  private GenerateLines() {}
}
