package io.github.nextclass.docs.samples;

import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The samples of chapter 2. */
final class VectorSamples {
  private static final Path folder = Path.of("models/storyteller");

  private VectorSamples() {}

  static void row() throws IOException {
    // @start region=row
    Tokenizer tokenizer = Tokenizer.load(folder);
    try (TensorSource source = Safetensors.open(folder)) {
      Tensor table = source.tensor("model.embed_tokens.weight");
      System.out.println(table);
      int id = tokenizer.tokenId(" dog").orElseThrow();
      float[] vector = table.selectRows(id).toFloatArray();
      System.out.println(id + ": " + Arrays.toString(Arrays.copyOf(vector, 4)) + " ...");
    }
    // @end
  }

  static void neighbours() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(folder);
    try (TensorSource source = Safetensors.open(folder)) {
      Tensor table = source.tensor("model.embed_tokens.weight");
      int hiddenSize = (int) table.shape()[1];
      float[] all = table.toFloatArray();
      for (String word : new String[] {" dog", " red", " happy", " she"}) {
        // @start region=neighbours
        int id = tokenizer.tokenId(word).orElseThrow();
        int[] nearest =
            IntStream.range(0, tokenizer.vocabSize())
                .boxed()
                .sorted(Comparator.comparingDouble(other -> -cosine(all, hiddenSize, id, other)))
                .mapToInt(Integer::intValue)
                .skip(1) // itself
                .limit(5)
                .toArray();
        System.out.println(word + ":" + tokenizer.decode(nearest));
        // @end
      }
    }
  }

  // @start region=cosine
  private static double cosine(float[] table, int n, int i, int j) {
    double dot = 0;
    double ii = 0;
    double jj = 0;
    for (int k = 0; k < n; k++) {
      float a = table[i * n + k];
      float b = table[j * n + k];
      dot += a * b;
      ii += a * a;
      jj += b * b;
    }
    return dot / Math.sqrt(ii * jj + 1e-12);
  }

  // @end

  static void bf16() {
    // @start region=bf16
    short stored = (short) 0x3FC0; // two bytes of a file
    float value = Float.intBitsToFloat(stored << 16);
    System.out.println(value);
    // @end
  }
}
