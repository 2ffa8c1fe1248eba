package io.github.nextclass.sampling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** Reads generation_config.json into a {@link Decoding}. */
final class GenerationConfigReader {
  private static final String FILE_NAME = "generation_config.json";
  private static final long MAX_FILE_BYTES = 1 << 20;
  private static final int MAX_TOKENS_IN_LIST = 1 << 17;

  /**
   * What transformers assumes when a model samples and its file does not say how many classes to
   * keep.
   */
  private static final int DEFAULT_TOP_K = 50;

  /**
   * What transformers would do and this library does not; each with the value at which it is off.
   */
  private static final Map<String, String> UNSUPPORTED =
      Map.ofEntries(
          Map.entry("begin_suppress_tokens", "[]"),
          Map.entry("constraints", "[]"),
          Map.entry("diversity_penalty", "0"),
          Map.entry("dola_layers", "null"),
          Map.entry("encoder_no_repeat_ngram_size", "0"),
          Map.entry("encoder_repetition_penalty", "1"),
          Map.entry("exponential_decay_length_penalty", "null"),
          Map.entry("force_words_ids", "[]"),
          Map.entry("forced_bos_token_id", "null"),
          Map.entry("forced_eos_token_id", "null"),
          Map.entry("guidance_scale", "1"),
          Map.entry("min_length", "0"),
          Map.entry("num_beam_groups", "1"),
          Map.entry("token_healing", "false"),
          Map.entry("top_h", "null"),
          Map.entry("watermarking_config", "null"));

  private static final System.Logger LOG = System.getLogger(GenerationConfigReader.class.getName());

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(50).maxNumberLength(100).build())
          .build();

  private final Path file;

  private boolean doSample;
  private @Nullable Double temperature;
  private @Nullable Integer topK;
  private @Nullable Double topP;
  private @Nullable Double minP;
  private @Nullable Double repetitionPenalty;
  private int @Nullable [] eosTokenIds;
  private @Nullable Integer minNewTokens;
  private @Nullable Integer maxNewTokens;
  private @Nullable Double typicalP;
  private @Nullable Double epsilonCutoff;
  private @Nullable Double etaCutoff;
  private @Nullable Integer noRepeatNgramSize;
  private @Nullable Integer numBeams;
  private @Nullable Double lengthPenalty;
  private BeamSearch.@Nullable EarlyStopping earlyStopping;
  private @Nullable Integer numReturnSequences;
  private @Nullable Double penaltyAlpha;
  private @Nullable Integer promptLookupNumTokens;
  private @Nullable Integer maxMatchingNgramSize;
  private final Set<Integer> suppressTokens = new TreeSet<>();
  private final Map<List<Integer>, Float> sequenceBias = new LinkedHashMap<>();
  private final Set<List<Integer>> badWords = new LinkedHashSet<>();
  private String @Nullable [] stopStrings;
  private @Nullable Double maxTime;
  private @Nullable Integer maxLength;

  private GenerationConfigReader(Path file) {
    this.file = file;
  }

  static Decoding read(Path fileOrFolder) throws IOException {
    Path file = Files.isDirectory(fileOrFolder) ? fileOrFolder.resolve(FILE_NAME) : fileOrFolder;
    if (!Files.exists(file)) {
      return Decoding.greedy();
    }
    if (!Files.isRegularFile(file)) {
      throw new GenerationConfigException(file + ": not a regular file");
    }
    long sizeBytes = Files.size(file);
    if (sizeBytes > MAX_FILE_BYTES) {
      throw new GenerationConfigException(
          file + ": the file has " + sizeBytes + " bytes, expected at most " + MAX_FILE_BYTES);
    }
    GenerationConfigReader reader = new GenerationConfigReader(file);
    reader.parse(Files.readAllBytes(file));
    return reader.toDecoding();
  }

  private void parse(byte[] json) throws GenerationConfigException {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new GenerationConfigException(file + ": expected a JSON object");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        if (value == JsonToken.VALUE_NULL) {
          continue; // as if the key were not there
        }
        readValue(key, parser);
      }
      if (parser.nextToken() != null) {
        throw new GenerationConfigException(file + ": something follows the JSON object");
      }
    } catch (JacksonException e) {
      throw new GenerationConfigException(file + ": not valid JSON: " + JsonFailure.describe(e), e);
    }
  }

  private void readValue(String key, JsonParser parser) throws GenerationConfigException {
    switch (key) {
      case "do_sample" -> doSample = readBoolean(key, parser);
      case "temperature" -> temperature = readDouble(key, parser);
      case "top_k" -> topK = readInt(key, parser);
      case "top_p" -> topP = readDouble(key, parser);
      case "min_p" -> minP = readDouble(key, parser);
      case "repetition_penalty" -> repetitionPenalty = readDouble(key, parser);
      case "eos_token_id" -> eosTokenIds = readIntOrList(key, parser);
      case "min_new_tokens" -> minNewTokens = readInt(key, parser);
      case "max_new_tokens" -> maxNewTokens = readInt(key, parser);
      case "typical_p" -> typicalP = readDouble(key, parser);
      case "epsilon_cutoff" -> epsilonCutoff = readDouble(key, parser);
      case "eta_cutoff" -> etaCutoff = readDouble(key, parser);
      case "no_repeat_ngram_size" -> noRepeatNgramSize = readInt(key, parser);
      case "num_beams" -> numBeams = readInt(key, parser);
      case "length_penalty" -> lengthPenalty = readDouble(key, parser);
      case "early_stopping" -> earlyStopping = readEarlyStopping(key, parser);
      case "penalty_alpha" -> penaltyAlpha = readDouble(key, parser);
      case "num_return_sequences" -> numReturnSequences = readInt(key, parser);
      case "prompt_lookup_num_tokens" -> promptLookupNumTokens = readInt(key, parser);
      case "max_matching_ngram_size" -> maxMatchingNgramSize = readInt(key, parser);
      case "suppress_tokens" -> readInts(key, parser, suppressTokens);
      case "bad_words_ids" -> readBadWords(key, parser);
      case "sequence_bias" -> readSequenceBias(key, parser);
      case "stop_strings" -> stopStrings = readStringOrList(key, parser);
      case "max_time" -> maxTime = readDouble(key, parser);
      case "max_length" -> maxLength = readInt(key, parser);
      default -> {
        String off = UNSUPPORTED.get(key);
        if (off == null) {
          parser.skipChildren(); // it changes no token
        } else if (!isOff(parser, off)) {
          throw new GenerationConfigException(
              file + ": " + key + " is not supported, expected " + off + " or no such key");
        }
      }
    }
  }

  /** Whether a value says that its rule does nothing; stays on the value's last token. */
  private static boolean isOff(JsonParser parser, String off) {
    return switch (parser.currentToken()) {
      case START_ARRAY -> parser.nextToken() == JsonToken.END_ARRAY && off.equals("[]");
      case START_OBJECT -> parser.nextToken() == JsonToken.END_OBJECT && off.equals("[]");
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT ->
          off.matches("\\d") && parser.getDoubleValue() == Integer.parseInt(off);
      case VALUE_FALSE -> off.equals("false");
      default -> false;
    };
  }

  private Decoding toDecoding() throws GenerationConfigException {
    Decoding decoding = Decoding.greedy();
    // Out of range is out of range even where greedy decoding would not use the value.
    decoding = set(decoding, "temperature", temperature, Decoding::temperature);
    decoding =
        set(
            decoding,
            "top_k",
            topK == null ? Integer.valueOf(DEFAULT_TOP_K) : topK,
            Decoding::topK);
    decoding = set(decoding, "top_p", topP, Decoding::topP);
    decoding = set(decoding, "min_p", minP, Decoding::minP);
    decoding = set(decoding, "typical_p", typicalP, (d, p) -> p >= 1 ? d : d.with(new TypicalP(p)));
    decoding = setCutoff(decoding, "epsilon_cutoff", epsilonCutoff, EpsilonCutoff::new);
    decoding = setCutoff(decoding, "eta_cutoff", etaCutoff, EtaCutoff::new);
    if (!doSample) {
      decoding = Decoding.greedy();
    } else if (temperature == null) {
      decoding = decoding.temperature(1);
    }
    decoding = set(decoding, "repetition_penalty", repetitionPenalty, Decoding::repetitionPenalty);
    decoding =
        set(
            decoding,
            "no_repeat_ngram_size",
            noRepeatNgramSize,
            (d, size) -> size == 0 ? d : d.with(new NoRepeatNgram(size)));
    decoding = set(decoding, "eos_token_id", eosTokenIds, Decoding::eosTokenIds);
    decoding = set(decoding, "max_new_tokens", maxNewTokens, Decoding::maxNewTokens);
    decoding = set(decoding, "min_new_tokens", minNewTokens, Decoding::minNewTokens);
    decoding = set(decoding, "stop_strings", stopStrings, Decoding::stopStrings);
    if (stopStrings != null) {
      decoding = decoding.includeStopString(true); // transformers cuts nothing off
    }
    decoding =
        set(
            decoding,
            "max_time",
            maxTime,
            (d, seconds) -> d.deadline(Duration.ofNanos((long) (Math.min(seconds, 1e8) * 1e9))));
    if (!suppressTokens.isEmpty()) {
      int[] banned = suppressTokens.stream().mapToInt(Integer::intValue).toArray();
      decoding = set(decoding, "suppress_tokens", banned, Decoding::bannedTokenIds);
    }
    if (eosTokenIds != null) {
      Arrays.stream(eosTokenIds).forEach(id -> badWords.remove(List.of(id))); // no words
    }
    badWords.forEach(word -> sequenceBias.put(word, Float.NEGATIVE_INFINITY));
    if (!sequenceBias.isEmpty()) {
      decoding =
          set(decoding, "sequence_bias", sequenceBias, (d, x) -> d.with(new SequenceBias(x)));
    }
    if (maxLength != null && maxNewTokens == null) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: max_length, which counts the prompt too, is not used; set maxNewTokens",
          file);
    }
    return withSearch(decoding);
  }

  /** A single beam is no search, and only a search has a length penalty. */
  private Decoding withSearch(Decoding decoding) throws GenerationConfigException {
    decoding =
        set(decoding, "num_return_sequences", numReturnSequences, Decoding::numReturnSequences);
    if (numBeams != null && numBeams != 1) {
      decoding = set(decoding, "num_beams", numBeams, (d, n) -> d.beams(BeamSearch.of(n)));
      decoding =
          set(
              decoding,
              "length_penalty",
              lengthPenalty,
              (d, x) -> d.beams(d.settings().beams().orElseThrow().withLengthPenalty(x)));
      decoding =
          set(
              decoding,
              "early_stopping",
              earlyStopping,
              (d, x) -> d.beams(d.settings().beams().orElseThrow().withEarlyStopping(x)));
    }
    boolean contrastive = penaltyAlpha != null && penaltyAlpha > 0 && !doSample;
    if (contrastive && (numBeams == null || numBeams == 1)) {
      int compared = topK == null ? DEFAULT_TOP_K : topK;
      decoding =
          compared <= 1 // as transformers: nothing to compare with
              ? decoding
              : set(
                  decoding,
                  "penalty_alpha",
                  penaltyAlpha,
                  (d, alpha) -> d.contrastive(new ContrastiveSearch(alpha, compared)));
    }
    int maxNgram =
        maxMatchingNgramSize == null ? PromptLookup.of(1).maxNgram() : maxMatchingNgramSize;
    return set(
        decoding,
        "prompt_lookup_num_tokens",
        promptLookupNumTokens,
        (d, n) -> d.promptLookup(new PromptLookup(n, maxNgram)));
  }

  /** What does not lie between 0 and 1 is off. */
  private Decoding setCutoff(
      Decoding decoding, String key, @Nullable Double cutoff, Function<Double, FilterRule> rule)
      throws GenerationConfigException {
    return set(decoding, key, cutoff, (d, x) -> x > 0 && x < 1 ? d.with(rule.apply(x)) : d);
  }

  private interface Setter<T> {
    Decoding set(Decoding decoding, T value);
  }

  private <T> Decoding set(Decoding decoding, String key, @Nullable T value, Setter<T> setter)
      throws GenerationConfigException {
    if (value == null) {
      return decoding;
    }
    try {
      return setter.set(decoding, value);
    } catch (IllegalArgumentException e) {
      throw new GenerationConfigException(file + ": " + key + ": " + e.getMessage(), e);
    }
  }

  private boolean readBoolean(String key, JsonParser parser) throws GenerationConfigException {
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw wrongType(key, "true or false", parser);
    };
  }

  private BeamSearch.EarlyStopping readEarlyStopping(String key, JsonParser parser)
      throws GenerationConfigException {
    if (parser.currentToken() == JsonToken.VALUE_STRING && parser.getString().equals("never")) {
      return BeamSearch.EarlyStopping.NEVER;
    }
    return switch (parser.currentToken()) {
      case VALUE_TRUE -> BeamSearch.EarlyStopping.TRUE;
      case VALUE_FALSE -> BeamSearch.EarlyStopping.FALSE;
      default -> throw wrongType(key, "true, false or \"never\"", parser);
    };
  }

  private double readDouble(String key, JsonParser parser) throws GenerationConfigException {
    if (!parser.currentToken().isNumeric()) {
      throw wrongType(key, "a number", parser);
    }
    return parser.getDoubleValue();
  }

  private int readInt(String key, JsonParser parser) throws GenerationConfigException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
        || parser.getNumberType() != JsonParser.NumberType.INT) {
      throw wrongType(key, "an integer of 32 bits", parser);
    }
    return parser.getIntValue();
  }

  private int[] readIntOrList(String key, JsonParser parser) throws GenerationConfigException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      return new int[] {readInt(key, parser)};
    }
    Set<Integer> values = new LinkedHashSet<>();
    readInts(key, parser, values);
    return values.stream().mapToInt(Integer::intValue).toArray();
  }

  private void readInts(String key, JsonParser parser, Set<Integer> values)
      throws GenerationConfigException {
    requireList(key, "a list of token ids", parser);
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (++count > MAX_TOKENS_IN_LIST) {
        throw new GenerationConfigException(
            file + ": " + key + ": the list has more than " + MAX_TOKENS_IN_LIST + " elements");
      }
      values.add(readInt(key, parser));
    }
  }

  private void readBadWords(String key, JsonParser parser) throws GenerationConfigException {
    String expected = "a list of lists of token ids";
    requireList(key, expected, parser);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      badWords.add(readSequence(key, expected, parser));
    }
  }

  /** A list of pairs of a list of token ids and a number. */
  private void readSequenceBias(String key, JsonParser parser) throws GenerationConfigException {
    String expected = "a list of pairs [[token id, ...], number]";
    requireList(key, expected, parser);
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      requireList(key, expected, parser);
      parser.nextToken();
      List<Integer> sequence = readSequence(key, expected, parser);
      parser.nextToken();
      float bias = (float) readDouble(key, parser);
      if (parser.nextToken() != JsonToken.END_ARRAY) {
        throw wrongType(key, expected, parser);
      }
      sequenceBias.put(sequence, bias);
    }
  }

  private List<Integer> readSequence(String key, String expected, JsonParser parser)
      throws GenerationConfigException {
    requireList(key, expected, parser);
    List<Integer> sequence = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      sequence.add(readInt(key, parser));
    }
    return sequence;
  }

  private void requireList(String key, String expected, JsonParser parser)
      throws GenerationConfigException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw wrongType(key, expected, parser);
    }
  }

  private String[] readStringOrList(String key, JsonParser parser)
      throws GenerationConfigException {
    List<String> strings = new ArrayList<>();
    boolean list = parser.currentToken() == JsonToken.START_ARRAY;
    while (!list || parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw wrongType(key, "a text or a list of texts", parser);
      }
      strings.add(parser.getString());
      if (!list) {
        break;
      }
    }
    return strings.toArray(new String[0]);
  }

  private GenerationConfigException wrongType(String key, String expected, JsonParser parser) {
    return new GenerationConfigException(
        file + ": " + key + ": expected " + expected + ", found " + parser.getString());
  }
}
