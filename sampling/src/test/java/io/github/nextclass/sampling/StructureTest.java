package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.nextclass.sampling.structure.Constraint;
import io.github.nextclass.sampling.structure.ConstraintWalk;
import io.github.nextclass.sampling.structure.TokenTrie;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Constraints together with all else that rules a generation, on a model that speaks bytes. */
class StructureTest {
  private static final String PERSON =
      "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"}},"
          + "\"required\":[\"name\",\"age\"]}";

  @TempDir static Path folder;

  @SuppressWarnings("NullAway.Init")
  private static LanguageModel model;

  @BeforeAll
  static void load() throws IOException {
    model = LanguageModel.load(Checkpoints.writeByteModel(folder));
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void choosesOneOfTheTexts() {
    for (long seed = 0; seed < 10; seed++) {
      Generation generation =
          model.generate(
              "Q", Decoding.sampling().seed(seed).choice("yes", "no", "nö", "yesterday"));
      assertThat(generation.text()).isIn("yes", "no", "nö", "yesterday");
      assertThat(generation.finishReason()).isEqualTo(FinishReason.EOS);
    }
  }

  @Test
  void charactersOfSeveralTokensAreWhole() {
    Generation generation =
        model.generate("Q", Decoding.sampling().temperature(2).regex("[äß😀€]{8}").seed(3));
    assertThat(generation.text()).matches("[äß😀€]{8}");
    assertThat(generation.predictions()).hasSizeGreaterThan(16);
  }

  @Test
  void endsInTimeWhateverTheLimit() {
    Constraint person = Constraint.jsonSchema(PERSON);
    for (int limit = 20; limit < 40; limit++) {
      Decoding decoding = Decoding.sampling().temperature(1.5).constraint(person).seed(limit);
      Generation generation = model.generate("Q", decoding.maxNewTokens(limit));
      assertThat(generation.finishReason()).isEqualTo(FinishReason.EOS);
      assertThat(person.matches(generation.text())).as(generation.text()).isTrue();
      assertThat(generation.predictions()).hasSizeLessThanOrEqualTo(limit);
    }
    assertThatThrownBy(
            () -> model.generate("Q", Decoding.greedy().constraint(person).maxNewTokens(19)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the constraint needs 19 tokens and one that ends the text, but there is room for 19");
  }

  @Test
  void streamsAndRepeatsWithTheSeed() {
    Decoding decoding = Decoding.sampling().topK(50).topP(0.9).jsonSchema(PERSON).maxNewTokens(60);
    String text = model.generate("Q", decoding.seed(5)).text();
    String streamed =
        model.stream("Q", decoding.seed(5)).map(GenerationStep::text).collect(Collectors.joining());
    assertThat(streamed).isEqualTo(text);
    assertThat(model.generate("Q", decoding.seed(6)).text()).isNotEqualTo(text);
  }

  @Test
  void masksBeforeItTruncates() {
    // Without the mask first, top-k 1 would leave a class that is not allowed.
    Generation generation = model.generate("Q", Decoding.sampling().topK(1).choice("zebra", "yak"));
    assertThat(generation.text()).isIn("zebra", "yak");
    Prediction first = generation.predictions().getFirst();
    assertThat(first.chosen().filteredProbability()).isCloseTo(1, within(1e-6));
    assertThat(first.chosen().probability()).isLessThan(1);
  }

  @Test
  void stopStringsAndCancellationCutIt() {
    Decoding decoding = Decoding.greedy().regex("a{20}").maxNewTokens(40);
    Generation stopped = model.generate("Q", decoding.stopStrings("aaa"));
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(stopped.text()).isEmpty();

    Cancellation cancellation = new Cancellation();
    GenerationListener canceller = text -> cancellation.cancel();
    Generation cancelled = model.generate("Q", decoding, canceller, cancellation);
    assertThat(cancelled.finishReason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(cancelled.text()).isEqualTo("a");
  }

  @Test
  void severalGenerationsShareAConstraint() {
    Decoding decoding = Decoding.sampling().jsonSchema(PERSON).maxNewTokens(60);
    List<String> alone =
        IntStream.range(0, 6).mapToObj(i -> model.generate("Q", decoding.seed(i)).text()).toList();
    List<String> together =
        IntStream.range(0, 6)
            .parallel()
            .mapToObj(i -> model.generate("Q", decoding.seed(i)).text())
            .toList();
    assertThat(together).isEqualTo(alone);
  }

  @Test
  void composesWithOtherFiltersOnClasses() {
    Decoding decoding = Decoding.sampling().regex("[a-z]{30}").maxNewTokens(40).seed(4);
    int[] vowels = "aeiou".chars().toArray();
    Generation allowed = model.generate("Q", decoding.allowedTokenIds(withEnd(vowels)));
    assertThat(allowed.text()).matches("[aeiou]{30}");
    Generation banned = model.generate("Q", decoding.bannedTokenIds(vowels));
    assertThat(banned.text()).matches("[a-z&&[^aeiou]]{30}");
  }

  private static int[] withEnd(int[] tokenIds) {
    return IntStream.concat(
            Arrays.stream(tokenIds),
            Arrays.stream(model.defaultDecoding().settings().eosTokenIds()))
        .toArray();
  }

  @Test
  void contradictionsAreErrors() {
    assertThatThrownBy(() -> Decoding.greedy().choice("a").regex("b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("there can be one constraint, got choice [a] and regex b");
    assertThatThrownBy(() -> Decoding.greedy().choice())
        .hasMessageContaining("choice needs 1 to 10000 texts");
    assertThatThrownBy(() -> Decoding.greedy().choice("\uD800")).hasMessageContaining("surrogate");
    assertThatThrownBy(() -> model.generate("Q", Decoding.greedy().choice("a").ignoreEos(true)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs an end-of-sequence token");
    assertThatThrownBy(
            () -> model.generate("Q", Decoding.greedy().choice("ab").bannedTokenIds('a')))
        .isInstanceOf(DecodingException.class)
        .hasMessageContaining("no class is left")
        .hasMessageContaining("banned classes, constraint");
    assertThatThrownBy(() -> model.generate("Q", Decoding.greedy().choice("a").minNewTokens(5)))
        .isInstanceOf(DecodingException.class)
        .hasMessageContaining("step 1: no class is left");
    assertThatThrownBy(() ->
            new Decoder(FakeClassifier.counting(8), new int[] {1}, Decoding.greedy().choice("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no tokenizer");
  }

  @Test
  void aVocabularyWithoutSomeBytesIsAnError() {
    TokenTrie trie = TokenTrie.of(2, id -> new byte[] {(byte) ('a' + id)});
    assertThatThrownBy(() -> trie.walk(Constraint.choice(List.of("xyz"))))
        .hasMessageContaining("cannot spell any text");
    // A branch that cannot be finished is not entered.
    ConstraintWalk walk = trie.walk(Constraint.choice(List.of("ax", "b")));
    assertThat(walk.allowed(9)).containsExactly(0b10L);
  }

  /** The masks against their definition: a token may come if some text goes on like that. */
  @Test
  void masksAreWhatTheDefinitionSays() {
    List<String> tokens =
        Stream.of(
                "a", "b", "ab", "ba", "aab", "\"", "\"a", "é", "é\"", "[", "]", ",", "],", "x",
                "ab")
            .map(StructureTest::asBytes)
            .collect(Collectors.toCollection(ArrayList::new));
    tokens.addAll(List.of("\u00c3", "\u00a9", "a\u00c3", "\u00a9\"")); // halves of é
    TokenTrie trie =
        TokenTrie.of(tokens.size(), id -> tokens.get(id).getBytes(StandardCharsets.ISO_8859_1));
    List<String> choices = List.of("aab", "abab", "\"aé\"", "b", "[a],b", "é", "\"é\",\"ab\"");
    List<String> texts = choices.stream().map(StructureTest::asBytes).toList();
    Constraint constraint = Constraint.choice(choices);
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      ConstraintWalk walk = trie.walk(constraint);
      String text = "";
      while (true) {
        int[] allowed = new int[tokens.size()];
        int count = 0;
        long bits = walk.allowed(100)[0];
        for (int id = 0; id < tokens.size(); id++) {
          String next = text + tokens.get(id);
          boolean expected = texts.stream().anyMatch(t -> t.startsWith(next));
          assertThat((bits >> id & 1) != 0).as(next).isEqualTo(expected);
          if (expected) {
            allowed[count++] = id;
          }
        }
        assertThat(walk.mayEnd()).isEqualTo(texts.contains(text));
        if (count == 0) {
          break;
        }
        int chosen = allowed[random.nextInt(count)];
        walk.advance(chosen);
        text += tokens.get(chosen);
      }
    }
  }

  /** UTF-8 as a string whose characters are the bytes. */
  private static String asBytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
