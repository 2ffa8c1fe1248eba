package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.github.nextclass.sampling.structure.Constraint;
import io.github.nextclass.sampling.structure.TokenTrie;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Models that know nothing, at temperature 1.5, write what random schemas and regular expressions
 * ask for, every time; an independent validator and java.util.regex say so. {@code
 * -Dstructure.count=1000} runs the full number.
 */
class StructureAcceptanceTest {
  private static final int COUNT = Integer.getInteger("structure.count", 150);
  private static final int MAX_NEW_TOKENS = 300;

  /** Longer matches overflow the stack of java.util.regex, or take it for ever. */
  private static final int MAX_NEW_TOKENS_OF_REGEX = 30;

  private static final JsonMapper STRICT_JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final SchemaRegistry VALIDATOR =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  @Test
  void everyAnswerSatisfiesItsSchema() throws IOException {
    answersSatisfySchemas(Checkpoints.root().resolve("models/storyteller"), COUNT);
  }

  @Test
  void everyAnswerMatchesItsRegularExpression() throws IOException {
    answersMatchRegularExpressions(
        Checkpoints.root().resolve("models/storyteller"), Math.min(200, COUNT));
  }

  @Test
  void theSameWithTheVocabularyOfQwen3() throws IOException {
    Path folder = Checkpoints.root().resolve("../shared/qwen3/Qwen3-0.6B");
    assumeTrue(Files.exists(folder), "skipped: no Qwen3 data at " + folder);
    answersSatisfySchemas(folder, Math.max(10, COUNT / 10));
    answersMatchRegularExpressions(folder, Math.max(10, COUNT / 10));
  }

  private static void answersSatisfySchemas(Path folder, int count) throws IOException {
    Writer writer = new Writer(folder);
    for (int seed = 0; seed < count; seed++) {
      String schema = RandomSchemas.schema(seed);
      String text = writer.write(Constraint.jsonSchema(schema), seed, MAX_NEW_TOKENS);
      STRICT_JSON.readTree(text);
      Schema validator = VALIDATOR.getSchema(schema);
      assertThat(
              validator.validate(
                  text,
                  InputFormat.JSON,
                  context -> context.executionConfig(c -> c.formatAssertionsEnabled(true))))
          .as("seed %d, schema %s, answer %s", seed, schema, text)
          .isEmpty();
    }
  }

  private static void answersMatchRegularExpressions(Path folder, int count) throws IOException {
    Writer writer = new Writer(folder);
    for (int seed = 0; seed < count; seed++) {
      String regex = RandomRegexes.regex(seed);
      String text = writer.write(Constraint.regex(regex), seed, MAX_NEW_TOKENS_OF_REGEX);
      assertThat(Pattern.matches(regex, new BoundedText(text)))
          .as("seed %d, regex %s, answer %s", seed, regex, text)
          .isTrue();
    }
  }

  /**
   * A text that may be looked at only so often, because java.util.regex is exponential on some
   * expressions and would otherwise never come back.
   */
  private static final class BoundedText implements CharSequence {
    private static final int MAX_LOOKS = 100_000_000;

    private final String text;
    private int looks;

    BoundedText(String text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++looks > MAX_LOOKS) {
        throw new AssertionError("java.util.regex does not come to an end on " + text);
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** A real vocabulary, and scores that mean nothing. */
  private static final class Writer {
    private final Tokenizer tokenizer;
    private final TokenTrie trie;
    private final RandomClassifier classifier;

    Writer(Path folder) throws IOException {
      tokenizer = Tokenizer.load(folder);
      trie = TokenizerText.trie(tokenizer, tokenizer.vocabSize());
      classifier = new RandomClassifier(tokenizer.vocabSize(), 1);
    }

    String write(Constraint constraint, long seed, int maxNewTokens) {
      Decoding decoding =
          Decoding.sampling()
              .temperature(1.5)
              .seed(seed)
              .constraint(constraint)
              .eosTokenIds(tokenizer.tokenId("<|im_end|>").orElseThrow())
              .maxNewTokens(maxNewTokens);
      Generation generation =
          new Decoder(
                  classifier.restart(),
                  new int[] {0},
                  decoding,
                  new TokenizerText(tokenizer, () -> trie),
                  new Cancellation())
              .run(GenerationListener.none());
      assertThat(generation.finishReason()).as("%s", constraint).isEqualTo(FinishReason.EOS);
      assertThat(generation.text()).doesNotContain("\uFFFD");
      return generation.text();
    }
  }
}
