package io.github.nextclass.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.safetensors.DType;
import io.github.nextclass.safetensors.Safetensors;
import io.github.nextclass.safetensors.Tensor;
import io.github.nextclass.safetensors.TensorSource;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One body, several heads; scripts/make_head_goldens.py made what the reference gives. */
class HeadsTest {
  private static final double TOLERANCE = 1e-5;
  private static final Path HEADS = GoldenCheckpoint.ROOT.resolve("heads");
  private static final EngineOptions OPTIONS = EngineOptions.defaults().withThreads(2);

  @TempDir private Path temporary;

  private static Engine load(String golden) throws IOException {
    return Engine.load(GoldenCheckpoint.ROOT.resolve(golden), OPTIONS);
  }

  // ---- the score head

  /** The folder of a score head, with the body that it stands on. */
  private CheckpointEditor scoreCheckpoint(String name) throws IOException {
    Path folder = Files.createDirectory(temporary.resolve(name));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(HEADS.resolve("score-" + name))) {
      for (Path file : files) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Files.copy(
        GoldenCheckpoint.ROOT.resolve("gqa-tied-bf16/model.safetensors"),
        folder.resolve("body.safetensors"));
    Files.delete(folder.resolve("expected.safetensors"));
    return new CheckpointEditor(folder);
  }

  @ParameterizedTest
  @ValueSource(strings = {"softmax", "two", "sigmoid", "one", "regression"})
  void scoresOfLabelsAreThoseOfTheReference(String name) throws IOException {
    try (Engine engine = Engine.load(scoreCheckpoint(name).folder(), OPTIONS);
        TensorSource expected =
            Safetensors.open(HEADS.resolve("score-" + name + "/expected.safetensors"))) {
      ScoreHead head = engine.scoreHead();
      int[][] sequences = rows(expected.tensor("token_ids"));
      List<Session> sessions = new ArrayList<>();
      List<int[]> read = new ArrayList<>();
      for (int[] sequence : sequences) {
        sessions.add(engine.newSession(sequence.length));
        read.add(Arrays.copyOf(sequence, head.pooledLength(sequence)));
      }
      float[][] logits = engine.forwardTogether(sessions, read, head);
      for (int i = 0; i < sequences.length; i++) {
        assertThat(logits[i]).hasSize(head.labels().size());
        assertClose(toDoubles(logits[i]), expected.tensor("logits"), i);
        assertClose(head.probabilities(logits[i]), expected.tensor("probabilities"), i);
      }
    }
  }

  private static void assertClose(double[] actual, Tensor expected, int row) {
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s, sequence %d, label %d", expected.name(), row, i)
          .isCloseTo(expected.floatAt((long) row * actual.length + i), within(TOLERANCE));
    }
  }

  @Test
  void labelsAreNamedByTheConfig() throws IOException {
    try (Engine engine = Engine.load(scoreCheckpoint("softmax").folder(), OPTIONS)) {
      assertThat(engine.scoreHead().labels()).containsExactly("bad", "so-so", "good");
    }
    try (Engine engine = Engine.load(scoreCheckpoint("two").folder(), OPTIONS)) {
      assertThat(engine.scoreHead().labels()).containsExactly("LABEL_0", "LABEL_1");
    }
  }

  @Test
  void theLastTokenThatIsNoPaddingCounts() throws IOException {
    try (Engine engine = Engine.load(scoreCheckpoint("one").folder(), OPTIONS)) {
      ScoreHead head = engine.scoreHead();
      assertThat(head.pooledLength(1, 2, 3)).isEqualTo(3);
      assertThat(head.pooledLength(7, 2, 7, 3, 7, 7)).isEqualTo(4);
      assertThat(head.pooledLength(7, 7)).isEqualTo(1);
      assertThatThrownBy(head::pooledLength)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no tokens");
    }
    try (Engine engine = Engine.load(scoreCheckpoint("regression").folder(), OPTIONS)) {
      assertThat(engine.scoreHead().pooledLength(1, 7, 7)).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "id2label     | {\"0\": \"a\", \"2\": \"b\"}  | a label for each number from 0 to 1",
        "id2label     | {\"0\": \"a\", \"1\": 5}      | a string",
        "id2label     | {}                            | at least one label",
        "id2label     | [\"a\", \"b\"]                | an object",
        "problem_type | \"guess\"                     | single_label_classification",
        "pad_token_id | \"none\"                      | a token id",
        "id2label     | {\"0\": \"a\", \"1\": \"b\"}  | score.weight has shape [3, 64]"
      })
  void aConfigThatDoesNotFitTheHeadIsRefused(String key, String value, String message)
      throws IOException {
    CheckpointEditor checkpoint = scoreCheckpoint("softmax").set(key, value);
    assertThatThrownBy(() -> Engine.load(checkpoint.folder(), OPTIONS))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aScoreHeadThatIsNotThereIsMissed() throws IOException {
    CheckpointEditor checkpoint = CheckpointEditor.copy("gqa-tied-bf16", temporary);
    checkpoint.set("architectures", "[\"Qwen3ForSequenceClassification\"]");
    assertThatThrownBy(() -> Engine.load(checkpoint.folder(), OPTIONS))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("lacks 1 tensor: score.weight");
  }

  // ---- the LM head

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "mha-untied-f32", "mqa-f16", "sharded", "noprefix"})
  void theScoreOfAClassIsTheSameWhicheverOthersAreAskedFor(String golden) throws IOException {
    int[] tokenIds = {5, 0, 3, 11, 30, 2};
    try (Engine engine = load(golden);
        Session session = engine.newSession(tokenIds.length)) {
      float[] all = session.forward(tokenIds);
      for (int[] classes : List.of(new int[] {3}, new int[] {39, 0}, new int[] {8, 7, 8, 31, 12})) {
        session.truncate(0);
        LmHead head = engine.lmHead(classes);
        assertThat(head.size()).isEqualTo(classes.length);
        float[] some = session.forward(tokenIds, head);
        assertThat(some).hasSize(classes.length);
        for (int i = 0; i < classes.length; i++) {
          assertThat(some[i]).as("class %d", classes[i]).isEqualTo(all[classes[i]]);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "noprefix"})
  void twoRowsGiveTheSoftmaxOfTheReference(String golden) throws IOException {
    try (Engine engine = load(golden);
        TensorSource expected = Safetensors.open(HEADS.resolve("expected.safetensors"))) {
      int[] tokenIds = ints(expected.tensor(golden + ".token_ids"));
      int[] classes = ints(expected.tensor(golden + ".two_classes"));
      try (Session session = engine.newSession(tokenIds.length)) {
        float[] scores = session.forward(tokenIds, engine.lmHead(classes));
        double first = 1 / (1 + Math.exp((double) scores[1] - scores[0]));
        assertThat(first)
            .isCloseTo(expected.tensor(golden + ".two_scores").floatAt(0), within(TOLERANCE));
      }
    }
  }

  // ---- the vector

  @ParameterizedTest
  @ValueSource(strings = {"gqa-tied-bf16", "noprefix"})
  void embeddingsAreThoseOfTheReference(String golden) throws IOException {
    try (Engine engine = load(golden);
        TensorSource expected = Safetensors.open(HEADS.resolve("expected.safetensors"))) {
      int[] tokenIds = ints(expected.tensor(golden + ".token_ids"));
      for (String name : List.of(".embedding", ".embedding_20")) {
        float[] vector = expected.tensor(golden + name).toFloatArray();
        Pooler pooler = engine.pooler(vector.length);
        assertThat(pooler.size()).isEqualTo(vector.length);
        try (Session session = engine.newSession(tokenIds.length)) {
          float[] actual = session.forward(tokenIds, pooler);
          assertThat(actual).containsExactly(vector, within((float) TOLERANCE));
        }
      }
    }
  }

  // ---- batches

  /** Passes of 1, of parts of sequences, of parts of two, and one for all. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 23, 400})
  void sequencesOfSeveralTokensAreAsAlone(int prefillChunk) throws IOException {
    List<int[]> sequences =
        IntStream.of(1, 30, 7, 64, 65, 2)
            .mapToObj(
                length -> IntStream.range(0, length).map(i -> (i * 37 + length) % 64).toArray())
            .toList();
    try (Engine engine =
        Engine.load(
            GoldenCheckpoint.ROOT.resolve("gqa-tied-bf16"),
            OPTIONS.withPrefillChunk(prefillChunk))) {
      List<Session> batch = new ArrayList<>();
      List<List<float[]>> visited = new ArrayList<>();
      for (int i = 0; i < sequences.size(); i++) {
        batch.add(engine.newSession(128));
        batch.getLast().append(9, i);
        visited.add(new ArrayList<>());
      }
      List<Session> others = batch.stream().map(Session::fork).toList();
      engine.forwardTogether(
          batch,
          sequences,
          engine.lmHead(),
          (sequence, position, logits) -> {
            assertThat(position).isEqualTo(2 + visited.get(sequence).size());
            visited.get(sequence).add(logits);
          });
      float[][] last = engine.forwardTogether(others, sequences, engine.lmHead());
      for (int i = 0; i < sequences.size(); i++) {
        assertThat(batch.get(i).position()).isEqualTo(2 + sequences.get(i).length);
        List<float[]> alone = new ArrayList<>();
        try (Session session = engine.newSession(128)) {
          session.append(9, i);
          session.forward(sequences.get(i), (position, logits) -> alone.add(logits));
        }
        assertThat(visited.get(i).toArray(float[][]::new))
            .isDeepEqualTo(alone.toArray(float[][]::new));
        assertThat(last[i]).containsExactly(alone.getLast());
      }
    }
  }

  // ---- misuse

  @Test
  void aHeadThatIsNotThereIsNamed() throws IOException {
    try (Engine engine = load("gqa-tied-bf16")) {
      assertThatThrownBy(engine::scoreHead)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("(Qwen3ForCausalLM) has no score head");
    }
    try (Engine engine = Engine.load(scoreCheckpoint("two").folder(), OPTIONS);
        Session session = engine.newSession(4)) {
      assertThatThrownBy(() -> session.forward(1, 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("(Qwen3ForSequenceClassification) has no LM head");
      assertThatThrownBy(() -> engine.lmHead(new int[] {1}))
          .isInstanceOf(IllegalStateException.class);
      assertThat(session.position()).isZero();
    }
  }

  @Test
  void anUntiedBodyAloneHasNoLmHead() throws IOException {
    CheckpointEditor checkpoint = CheckpointEditor.copy("noprefix", temporary);
    checkpoint.set("tie_word_embeddings", "false");
    try (Engine engine = Engine.load(checkpoint.folder(), OPTIONS);
        Session session = engine.newSession(4)) {
      assertThat(session.forward(new int[] {1, 2}, engine.pooler(64))).hasSize(64);
      assertThatThrownBy(engine::lmHead)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("(Qwen3Model) has no LM head");
    }
    checkpoint.add("lm_head.weight", DType.F32, 40, 64);
    try (Engine engine = Engine.load(checkpoint.folder(), OPTIONS)) {
      assertThat(engine.lmHead().size()).isEqualTo(40);
    }
  }

  @Test
  void whatAHeadCannotDoIsRefused() throws IOException {
    try (Engine engine = load("gqa-tied-bf16");
        Engine other = load("gqa-tied-bf16");
        Session session = engine.newSession(8)) {
      for (int dimension : new int[] {0, -1, 65}) {
        assertThatThrownBy(() -> engine.pooler(dimension))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("dimension is " + dimension + ", expected 1 to 64");
      }
      assertThatThrownBy(() -> engine.lmHead(new int[0]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at least one class");
      assertThatThrownBy(() -> engine.lmHead(new int[] {3, 64}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("token id 64 at index 1");
      assertThatThrownBy(() -> session.forward(new int[] {1}, other.lmHead()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("of another engine");
      assertThatThrownBy(
              () -> engine.forwardTogether(List.of(session), List.of(new int[0]), engine.lmHead()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no tokens");
      assertThatThrownBy(() -> engine.forwardTogether(List.of(session), List.of(), engine.lmHead()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 sessions and tokens for 0");
      assertThatThrownBy(
              () -> engine.forwardTogether(List.of(session), List.of(new int[9]), engine.lmHead()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("context is full");
      assertThat(session.position()).isZero();
    }
  }

  private static int[] ints(Tensor tensor) {
    return IntStream.range(0, Math.toIntExact(tensor.elementCount()))
        .map(i -> Math.toIntExact(tensor.longAt(i)))
        .toArray();
  }

  private static int[][] rows(Tensor tensor) {
    int[] all = ints(tensor);
    int columns = Math.toIntExact(tensor.shape()[1]);
    return IntStream.range(0, all.length / columns)
        .mapToObj(row -> Arrays.copyOfRange(all, row * columns, (row + 1) * columns))
        .toArray(int[][]::new);
  }

  private static double[] toDoubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }
}
