package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Backend;
import io.github.nextclass.engine.backend.Buffer;
import io.github.nextclass.engine.backend.KvCache;
import io.github.nextclass.engine.backend.Linear;
import io.github.nextclass.engine.backend.Rope;
import io.github.nextclass.engine.backend.Step;
import io.github.nextclass.engine.backend.Weight;
import io.github.nextclass.safetensors.Tensor;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Another backend, with a copy of each result under the name of the transformers module that makes
 * it. An operation with a weight is named after the tensor; the others after the operation before.
 */
final class RecordingBackend implements Backend {
  private final Backend backend;
  private final IdentityHashMap<Weight, String> names = new IdentityHashMap<>();
  private final IdentityHashMap<Buffer, String> made = new IdentityHashMap<>();
  private final Map<String, float[]> steps = new LinkedHashMap<>();

  RecordingBackend(Backend backend) {
    this.backend = backend;
  }

  /**
   * The results {@code [tokens * features]} since the last {@link #forget}, in the order of
   * computation.
   */
  Map<String, float[]> steps() {
    return steps;
  }

  void forget() {
    steps.clear();
    made.clear();
  }

  private void record(String name, Buffer buffer, int tokens) {
    float[] copy = new float[tokens * buffer.columns()];
    for (int t = 0; t < tokens; t++) {
      System.arraycopy(backend.read(buffer, t), 0, copy, t * buffer.columns(), buffer.columns());
    }
    if (steps.put(name, copy) != null) {
      throw new AssertionError(name + " was computed twice");
    }
    made.put(buffer, name);
  }

  private String name(Weight weight) {
    String name = names.get(weight);
    if (name == null) {
      throw new AssertionError("a weight that this backend did not take in");
    }
    return name;
  }

  private String made(Buffer buffer) {
    String name = made.get(buffer);
    if (name == null) {
      throw new AssertionError("a buffer that no operation wrote");
    }
    return name;
  }

  @Override
  public Weight weight(Tensor tensor) {
    Weight weight = backend.weight(tensor);
    names.put(weight, tensor.name().replaceFirst("^model\\.", "").replaceFirst("\\.weight$", ""));
    return weight;
  }

  @Override
  public void embed(Weight embedTokens, Step step, Buffer x) {
    backend.embed(embedTokens, step, x);
    record(name(embedTokens), x, step.tokens());
  }

  @Override
  public void rmsNorm(Buffer x, Weight weight, float eps, int tokens, Buffer out) {
    backend.rmsNorm(x, weight, eps, tokens, out);
    record(name(weight), out, tokens);
  }

  @Override
  public void linear(Linear linear, Buffer x, int tokens, Buffer out) {
    backend.linear(linear, x, tokens, out);
    String name = name(linear.weight());
    record(name.equals("embed_tokens") ? "lm_head" : name, out, tokens); // tied
  }

  @Override
  public void linears(List<Linear> linears, Buffer x, int tokens, List<Buffer> outs) {
    backend.linears(linears, x, tokens, outs);
    for (int i = 0; i < linears.size(); i++) {
      record(name(linears.get(i).weight()), outs.get(i), tokens);
    }
  }

  @Override
  public void rope(Buffer x, Rope rope, Step step) {
    backend.rope(x, rope, step);
    record(made(x).replace("_norm", "_rope"), x, step.tokens());
  }

  @Override
  public void appendToCache(int layer, Buffer k, Buffer v, Step step) {
    backend.appendToCache(layer, k, v, step);
  }

  @Override
  public void attention(int layer, Buffer q, Step step, Buffer out) {
    backend.attention(layer, q, step, out);
    record("layers." + layer + ".self_attn.attended", out, step.tokens());
  }

  @Override
  public void siluMul(Buffer gate, Buffer up, int tokens) {
    backend.siluMul(gate, up, tokens);
    record(made(gate).replace("gate_proj", "gated"), gate, tokens);
  }

  /** The sum after the MLP is the output of the layer; the one after attention has no module. */
  @Override
  public void add(Buffer x, Buffer branch, int tokens) {
    backend.add(x, branch, tokens);
    if (made(branch).endsWith(".mlp.down_proj")) {
      record(made(branch).replace(".mlp.down_proj", ""), x, tokens);
    }
  }

  @Override
  public void gather(Buffer x, int[] rows, Buffer out) {
    backend.gather(x, rows, out);
  }

  @Override
  public void choose(Buffer scores, int classes, int[] rows, Step step, Buffer chosen) {
    backend.choose(scores, classes, rows, step, chosen);
  }

  @Override
  public void embedChosen(Weight embedTokens, Buffer chosen, Step step, Buffer x) {
    backend.embedChosen(embedTokens, chosen, step, x);
    record(name(embedTokens), x, step.tokens());
  }

  @Override
  public float[] read(Buffer x, int row) {
    return backend.read(x, row);
  }

  @Override
  public Buffer buffer(int rows, int columns) {
    return backend.buffer(rows, columns);
  }

  @Override
  public KvCache kvCache(int capacity) {
    return backend.kvCache(capacity);
  }

  @Override
  public long kvBytesPerPosition() {
    return backend.kvBytesPerPosition();
  }

  @Override
  public String description() {
    return "recording " + backend.description();
  }

  @Override
  public void close() {
    backend.close();
  }
}
