package io.github.nextclass.sampling;

import io.github.nextclass.engine.Engine;
import io.github.nextclass.engine.Session;
import io.github.nextclass.tokenizer.ChatOptions;
import io.github.nextclass.tokenizer.Message;
import io.github.nextclass.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A checkpoint that generates text, or token ids.
 *
 * <pre>{@code
 * try (LanguageModel model = LanguageModel.load(Path.of("Qwen3-0.6B"))) {
 *   Decoding decoding = Decoding.greedy().topClasses(5).maxNewTokens(5);
 *   System.out.println(model.generate("Who's that Pokemon!?!?", decoding).text());
 *   for (Prediction p : model.predictions("The capital of France is", decoding)) {
 *     System.out.println(p.top()); // one classification per step
 *   }
 * }
 * }</pre>
 *
 * <p>A folder without a tokenizer loads too; then prompts are token ids, and texts are empty.
 *
 * <p>Settings without end-of-sequence tokens get those of the checkpoint. If {@link
 * Decoding#maxNewTokens(int)} is set, prompt and answer together must fit into {@link
 * #contextLength()}; otherwise an answer may also end because the context is full.
 *
 * <p>Thread-safe: each generation has a sequence of its own, and generations of several threads
 * take turns step by step. Closing waits for the step that is running; generations that are not
 * finished then fail with an {@link IllegalStateException}, and so does every later call.
 */
public final class LanguageModel implements AutoCloseable {
  private final Path folder;
  private final Engine engine;
  private final ModelText text;
  private final Generator generator;
  private final Decoding defaultDecoding;
  private final int contextLength;

  private LanguageModel(Path folder, Engine engine, TextFiles files, LanguageModelOptions options) {
    this.folder = folder;
    this.engine = engine;
    this.text = new ModelText(folder, files, engine.config().vocabSize());
    this.defaultDecoding = withEos(files.decoding(), engine);
    this.contextLength = Math.min(options.contextLength(), engine.config().maxPositionEmbeddings());
    this.generator =
        new Generator(engine, text, contextLength, defaultDecoding.settings().eosTokenIds());
  }

  private static Decoding withEos(Decoding decoding, Engine engine) {
    return decoding.settings().eosTokenIds().length > 0
        ? decoding
        : decoding.eosTokenIds(
            engine.config().eosTokenId().stream().mapToInt(Integer::intValue).toArray());
  }

  /**
   * Loads a checkpoint with the default options.
   *
   * @param folder a checkpoint folder as Hugging Face publishes it
   * @return the model
   * @throws IOException as the other method
   */
  public static LanguageModel load(Path folder) throws IOException {
    return load(folder, LanguageModelOptions.defaults());
  }

  /**
   * Loads a checkpoint.
   *
   * @param folder a checkpoint folder as Hugging Face publishes it: config.json, weights, and,
   *     where they exist, tokenizer.json (or vocab.json and merges.txt, or a .tiktoken file),
   *     generation_config.json and the chat template
   * @param options how to load and run it
   * @return the model
   * @throws io.github.nextclass.engine.ModelFormatException if config or weights are not those of a
   *     Qwen3 that can run
   * @throws io.github.nextclass.safetensors.SafetensorsException if a weight file is damaged
   * @throws io.github.nextclass.tokenizer.TokenizerFormatException if the tokenizer is there and
   *     cannot be used
   * @throws GenerationConfigException if generation_config.json is there and cannot be used
   * @throws io.github.nextclass.engine.MemoryBudgetException if there is not enough memory
   * @throws IOException if a file cannot be read
   */
  public static LanguageModel load(Path folder, LanguageModelOptions options) throws IOException {
    TextFiles.Reading files = TextFiles.startReading(folder);
    Engine engine = Engine.load(folder, options.engine());
    try {
      return new LanguageModel(folder, engine, files.await(), options);
    } catch (IOException | RuntimeException | Error e) {
      engine.close();
      throw e;
    }
  }

  // ---- generation

  /**
   * Generates text with {@link #defaultDecoding()}.
   *
   * @param prompt the text to continue
   * @return the continuation
   */
  public Generation generate(String prompt) {
    return generate(prompt, defaultDecoding);
  }

  /**
   * Generates text.
   *
   * @param prompt the text to continue; the text of a special token in it becomes that token
   * @param decoding the settings
   * @return the continuation
   * @throws IllegalArgumentException if the prompt is empty or too long, or the settings are wrong
   *     for this model
   */
  public Generation generate(String prompt, Decoding decoding) {
    return generate(prompt, decoding, GenerationListener.none());
  }

  /**
   * Generates text and tells of it meanwhile.
   *
   * @param prompt the text to continue; the text of a special token in it becomes that token
   * @param decoding the settings
   * @param listener hears of each step
   * @return the continuation
   * @throws IllegalArgumentException if the prompt is empty or too long, or the settings are wrong
   *     for this model
   */
  public Generation generate(String prompt, Decoding decoding, GenerationListener listener) {
    return generate(prompt, decoding, listener, new Cancellation());
  }

  /**
   * Generates text, tells of it meanwhile, and can be stopped.
   *
   * @param prompt the text to continue; the text of a special token in it becomes that token
   * @param decoding the settings
   * @param listener hears of each step
   * @param cancellation stops it
   * @return the continuation, as far as it got
   * @throws IllegalArgumentException if the prompt is empty or too long, or the settings are wrong
   *     for this model
   */
  public Generation generate(
      String prompt, Decoding decoding, GenerationListener listener, Cancellation cancellation) {
    return generate(encode(prompt), decoding, listener, cancellation);
  }

  /**
   * Generates token ids, and text if there is a tokenizer.
   *
   * @param prompt the tokens to continue
   * @param decoding the settings
   * @return the continuation
   * @throws IllegalArgumentException if the prompt is empty, too long or no tokens of this model,
   *     or the settings are wrong for it
   */
  public Generation generate(int[] prompt, Decoding decoding) {
    return generate(prompt, decoding, GenerationListener.none(), new Cancellation());
  }

  /**
   * Generates token ids, and text if there is a tokenizer, tells of it meanwhile, and can be
   * stopped. A beam search knows its tokens only at the end, and tells of them then.
   *
   * @param prompt the tokens to continue
   * @param decoding the settings
   * @param listener hears of each step
   * @param cancellation stops it
   * @return the continuation, as far as it got
   * @throws IllegalArgumentException if the prompt is empty, too long or no tokens of this model,
   *     or the settings are wrong for it
   */
  public Generation generate(
      int[] prompt, Decoding decoding, GenerationListener listener, Cancellation cancellation) {
    return generator.generate(prompt, decoding, listener, cancellation);
  }

  /**
   * Generates several continuations of a text.
   *
   * @param prompt the text to continue
   * @param decoding the settings
   * @return as the other method
   * @throws IllegalArgumentException as the other method
   */
  public List<Generation> generateAll(String prompt, Decoding decoding) {
    return generateAll(encode(prompt), decoding, new Cancellation());
  }

  /**
   * Generates several continuations, {@link Decoding#numReturnSequences(int)} of them: the best of
   * a beam search, or samples, of which number {@code i} equals a generation of its own with the
   * seed plus {@code i}. The prompt is read once, its KV cache is shared, and all continuations
   * grow in the same passes.
   *
   * @param prompt the tokens to continue
   * @param decoding the settings
   * @param cancellation stops all of them
   * @return the continuations; those of a beam search best first, and fewer if it was stopped
   * @throws IllegalArgumentException if the prompt is empty, too long or no tokens of this model,
   *     or the settings are wrong for it or contradict each other
   * @throws io.github.nextclass.engine.MemoryBudgetException if the continuations together do not
   *     fit
   */
  public List<Generation> generateAll(int[] prompt, Decoding decoding, Cancellation cancellation) {
    return generator.generateAll(prompt, decoding, cancellation);
  }

  /**
   * Generates text as a stream, whose every step is made when it is pulled.
   *
   * @param prompt the text to continue; the text of a special token in it becomes that token
   * @param decoding the settings
   * @return the steps; to be closed unless it is read to its end
   * @throws IllegalArgumentException if the prompt is empty or too long, or the settings are wrong
   *     for this model
   */
  public Stream<GenerationStep> stream(String prompt, Decoding decoding) {
    return stream(encode(prompt), decoding);
  }

  /**
   * Generates token ids, and text if there is a tokenizer, as a stream whose every step is made
   * when it is pulled.
   *
   * @param prompt the tokens to continue
   * @param decoding the settings
   * @return the steps; to be closed unless it is read to its end
   * @throws IllegalArgumentException if the prompt is empty, too long or no tokens of this model,
   *     or the settings are wrong for it
   */
  public Stream<GenerationStep> stream(int[] prompt, Decoding decoding) {
    return generator.stream(prompt, decoding);
  }

  /**
   * Returns the classifications that generating with {@link #defaultDecoding()} consists of.
   *
   * @param prompt the text to continue
   * @return one prediction per generated token
   */
  public List<Prediction> predictions(String prompt) {
    return predictions(prompt, defaultDecoding);
  }

  /**
   * Returns the classifications that generating consists of.
   *
   * @param prompt the text to continue
   * @param decoding the settings; {@link Decoding#topClasses(int)} says how many classes each of
   *     them shows
   * @return one prediction per generated token
   * @throws IllegalArgumentException if the prompt is empty or too long, or the settings are wrong
   *     for this model
   */
  public List<Prediction> predictions(String prompt, Decoding decoding) {
    return generate(prompt, decoding).predictions();
  }

  // ---- chat

  /**
   * Answers a conversation once.
   *
   * @param messages the conversation; the last message is what the model answers
   * @param options thinking and tools; {@link ChatOptions#addGenerationPrompt()} should be on
   * @param decoding the settings
   * @return the answer
   * @throws IllegalArgumentException if the conversation is empty or too long, or the settings are
   *     wrong for this model
   * @throws IllegalStateException if the checkpoint has no tokenizer or no chat template that is
   *     known
   */
  public ChatAnswer chat(List<Message> messages, ChatOptions options, Decoding decoding) {
    return chat(messages, options, decoding, ChatListener.none(), new Cancellation());
  }

  /**
   * Answers a conversation once, tells of it meanwhile, and can be stopped.
   *
   * @param messages the conversation; the last message is what the model answers
   * @param options thinking and tools; {@link ChatOptions#addGenerationPrompt()} should be on
   * @param decoding the settings
   * @param listener hears of each step
   * @param cancellation stops it
   * @return the answer, as far as it got
   * @throws IllegalArgumentException if the conversation is empty or too long, or the settings are
   *     wrong for this model
   * @throws IllegalStateException if the checkpoint has no tokenizer or no chat template that is
   *     known
   */
  public ChatAnswer chat(
      List<Message> messages,
      ChatOptions options,
      Decoding decoding,
      ChatListener listener,
      Cancellation cancellation) {
    AnswerForm form = answerForm(options);
    AnswerListener parts = new AnswerListener(listener, form);
    Generation generation = generate(render(messages, options), decoding, parts, cancellation);
    parts.end();
    return ChatAnswer.of(generation, form);
  }

  /**
   * Starts a conversation that remembers. Its memory is reserved for {@link #contextLength()}
   * tokens.
   *
   * @param options thinking and tools
   * @param messages how the conversation starts, such as a system message; may be empty
   * @return the conversation, to be closed
   * @throws IllegalStateException if the checkpoint has no tokenizer or no chat template that is
   *     known
   * @throws io.github.nextclass.engine.MemoryBudgetException if there is not enough memory
   */
  public Chat newChat(ChatOptions options, List<Message> messages) {
    text.chatTemplate();
    return new Chat(this, options, engine.newSession(contextLength), messages);
  }

  /**
   * A rule that ends thoughts of more than so many tokens with the sentence that Qwen3's
   * documentation gives, after which the model answers.
   *
   * @param maxTokens how many tokens a thought may have, at least 0
   * @return the rule, for {@link Decoding#with(FilterRule)}
   * @throws IllegalStateException if the checkpoint has no tokenizer, or one without tokens for the
   *     beginning and the end of a thought
   */
  public ThinkingBudget thinkingBudget(int maxTokens) {
    return text.thinkingBudget(maxTokens);
  }

  /**
   * What one head of attention looks at while the model reads a sequence. It takes a prefill of the
   * whole sequence; for people who want to see it.
   *
   * @param tokenIds the sequence, at least one token
   * @param layer from 0 to numHiddenLayers - 1
   * @param head from 0 to numAttentionHeads - 1
   * @return for each token the probabilities of the tokens up to it, {@code [tokens][position +
   *     1]}; each row adds up to 1
   * @throws IllegalArgumentException if there is no such head, no token, or a token id is out of
   *     range
   */
  public float[][] attention(int[] tokenIds, int layer, int head) {
    return engine.attention(tokenIds, layer, head);
  }

  // ---- one question about a whole text

  /**
   * Sorts a text into one of some labels, without training: {@link #classifier(List)} for one text.
   *
   * @param text the text
   * @param labels the labels, none twice
   * @return how probable each label is
   * @throws IllegalArgumentException if the text is empty or too long, or the labels cannot be used
   * @throws IllegalStateException if the checkpoint has no tokenizer or no LM head
   */
  public Classification classify(String text, List<String> labels) {
    return classifier(labels).classify(text);
  }

  /**
   * Makes a classifier for labels that the model was not trained for, with the defaults.
   *
   * @param labels the labels, none twice
   * @return the classifier
   * @throws IllegalArgumentException if the labels cannot be used
   * @throws IllegalStateException if the checkpoint has no tokenizer or no LM head
   */
  public Classifier classifier(List<String> labels) {
    return classifier(labels, ClassifierOptions.defaults());
  }

  /**
   * Makes a classifier for labels that the model was not trained for.
   *
   * @param labels the labels, none twice
   * @param options template, examples, calibration
   * @return the classifier
   * @throws IllegalArgumentException if labels or options cannot be used; the message says why
   * @throws IllegalStateException if the checkpoint has no tokenizer or no LM head
   */
  public Classifier classifier(List<String> labels, ClassifierOptions options) {
    return new LabelClassifier(engine, textEncoding(), labels, options);
  }

  /**
   * Makes a classifier for the labels of a {@code Qwen3ForSequenceClassification}.
   *
   * @return the classifier
   * @throws IllegalStateException if the checkpoint has no score head or no tokenizer
   */
  public Classifier classifier() {
    return new HeadClassifier(engine, textEncoding());
  }

  /**
   * Tells how likely given texts are, or given tokens if there is no tokenizer.
   *
   * @return the scorer
   * @throws IllegalStateException if the checkpoint has no LM head
   */
  public TextScorer scorer() {
    return new TextScorer(
        engine, text.tokenizerOrNull() == null ? null : textEncoding(), contextLength);
  }

  /**
   * Embeds a text: {@link #embedder()} for one text.
   *
   * @param text the text
   * @return its vector {@code [hiddenSize]}, of length 1
   * @throws IllegalArgumentException if the text is empty or too long
   * @throws IllegalStateException if the checkpoint has no tokenizer, or cannot embed
   */
  public float[] embed(String text) {
    return embedder().embed(text);
  }

  /**
   * Turns texts into vectors of full length.
   *
   * @return the embedder
   * @throws IllegalStateException if the checkpoint has no tokenizer, or cannot embed
   */
  public Embedder embedder() {
    return embedder(engine.config().hiddenSize());
  }

  /**
   * Turns texts into vectors.
   *
   * @param dimension their length, from 1 to hiddenSize; Qwen3-Embedding is made for 32 and more
   * @return the embedder
   * @throws IllegalArgumentException if the dimension is out of range
   * @throws IllegalStateException if the checkpoint has no tokenizer, or cannot embed: it is a
   *     {@code Qwen3ForSequenceClassification}, or its {@code 1_Pooling/config.json} asks for
   *     another pooling than that of the last token
   */
  public Embedder embedder(int dimension) {
    PoolingConfig.requireLastToken(folder, engine.config());
    return new Embedder(engine, textEncoding(), dimension);
  }

  /**
   * Sorts documents by how well they answer a query.
   *
   * @return the reranker
   * @throws IllegalStateException if the checkpoint has no tokenizer or no LM head
   */
  public Reranker reranker() {
    return new Reranker(engine, textEncoding());
  }

  private TextEncoding textEncoding() {
    return new TextEncoding(text.tokenizer(), contextLength);
  }

  // ---- what it is made of

  /**
   * Returns the settings of the checkpoint: its generation_config.json, with the end-of-sequence
   * tokens of config.json if that names none.
   *
   * @return the settings used where none are given
   */
  public Decoding defaultDecoding() {
    return defaultDecoding;
  }

  /**
   * Returns the longest sequence, prompt and answer together.
   *
   * @return in tokens
   */
  public int contextLength() {
    return contextLength;
  }

  /**
   * Returns the number of classes: the tokens of the tokenizer, without the padding rows of the LM
   * head.
   *
   * @return at least 1
   */
  public int classes() {
    return text.classes();
  }

  /**
   * Returns the tokenizer.
   *
   * @return empty if the checkpoint has none
   */
  public Optional<Tokenizer> tokenizer() {
    return Optional.ofNullable(text.tokenizerOrNull());
  }

  /**
   * Returns the engine. It is closed with the model.
   *
   * @return the engine
   */
  public Engine engine() {
    return engine;
  }

  /**
   * Encodes a text as {@link #generate(String, Decoding)} does.
   *
   * @param text the text; the text of a special token in it becomes that token
   * @return the tokens
   * @throws IllegalStateException if the checkpoint has no tokenizer
   */
  public int[] encode(String text) {
    return this.text.tokenizer().encode(text);
  }

  /**
   * Decodes tokens.
   *
   * @param tokenIds the tokens
   * @return their text, special tokens included
   * @throws IllegalStateException if the checkpoint has no tokenizer
   */
  public String decode(int... tokenIds) {
    return text.tokenizer().decode(tokenIds);
  }

  /**
   * Renders and encodes a conversation. Text from users cannot become a control token.
   *
   * @param messages the conversation
   * @param options thinking and tools
   * @return the tokens of the prompt
   * @throws IllegalArgumentException if the conversation is empty
   * @throws IllegalStateException if the checkpoint has no tokenizer or no chat template that is
   *     known
   */
  public int[] render(List<Message> messages, ChatOptions options) {
    return text.render(messages, options);
  }

  /**
   * Returns the tokens over which {@link Dry} lets no repetition reach: those whose text contains
   * one of some breakers.
   *
   * @param breakers such as {@code "\n"}, {@code ":"}, {@code "\""} and {@code "*"}, which are
   *     llama.cpp's
   * @return the tokens
   * @throws IllegalArgumentException if a breaker is empty
   * @throws IllegalStateException if the checkpoint has no tokenizer
   */
  public Set<Integer> dryBreakers(String... breakers) {
    return text.dryBreakers(breakers);
  }

  /** Frees weights and sequences. Waits for a step that is running. Closing twice does nothing. */
  @Override
  public void close() {
    engine.close();
  }

  AnswerForm answerForm(ChatOptions options) {
    return new AnswerForm(text.chatTemplate().opensThought(options), !options.tools().isEmpty());
  }

  /** One continuation of a prompt that the session may have begun. */
  Generation generate(
      Session session,
      int[] prompt,
      Decoding decoding,
      GenerationListener listener,
      Cancellation cancellation) {
    return generator.generate(session, prompt, decoding, listener, cancellation);
  }
}
