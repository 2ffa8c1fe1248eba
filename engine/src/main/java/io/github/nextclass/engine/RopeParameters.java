package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Rope;

/**
 * How positions become angles: {@code rope_parameters} of config.json, or the older {@code
 * rope_theta} with {@code rope_scaling}.
 *
 * @param ropeType {@code default}, {@code linear} or {@code yarn}
 * @param ropeTheta the base of the frequencies, 1,000,000 for Qwen3
 * @param factor by how much {@code linear} or {@code yarn} stretch the context; 1 otherwise
 * @param originalMaxPositionEmbeddings the context before YaRN stretched it; 0 otherwise
 * @param attentionFactor YaRN's factor on cosine and sine; 1 otherwise
 * @param betaFast rotations over the original context above which YaRN leaves a frequency alone
 * @param betaSlow rotations over the original context below which YaRN divides a frequency by
 *     {@code factor}
 * @param truncate whether YaRN rounds the borders between those to whole dimensions
 */
public record RopeParameters(
    String ropeType,
    double ropeTheta,
    double factor,
    int originalMaxPositionEmbeddings,
    double attentionFactor,
    double betaFast,
    double betaSlow,
    boolean truncate) {

  private static final double DEFAULT_THETA = 10_000;

  static RopeParameters read(JsonObject config) throws ModelFormatException {
    JsonObject older = config.object("rope_scaling");
    JsonObject scaling = older != null ? older : config.object("rope_parameters");
    if (scaling != null
        && scaling.has("full_attention")) { // transformers 5 may nest them by layer type
      scaling = scaling.object("full_attention");
    }
    double outerTheta = theta(config, DEFAULT_THETA);
    if (scaling == null) {
      return new RopeParameters("default", outerTheta, 1, 0, 1, 32, 1, true);
    }
    double theta = theta(scaling, outerTheta);
    String type = scaling.string("rope_type", scaling.string("type", "default"));
    return switch (type) {
      case "default" -> new RopeParameters(type, theta, 1, 0, 1, 32, 1, true);
      case "linear" -> new RopeParameters(type, theta, factor(scaling), 0, 1, 32, 1, true);
      case "yarn" -> yarn(config, scaling, theta);
      default -> throw scaling.wrong("rope_type", type, "default, linear or yarn");
    };
  }

  private static double theta(JsonObject json, double absent) throws ModelFormatException {
    double theta = json.positive("rope_theta", absent);
    if (theta <= 1) {
      throw json.wrong("rope_theta", theta, "a finite number above 1");
    }
    return theta;
  }

  private static double factor(JsonObject scaling) throws ModelFormatException {
    double factor = scaling.positive("factor", 0);
    if (factor == 0) {
      throw new ModelFormatException(
          scaling.where() + ": factor is missing, expected a number of at least 1");
    }
    if (factor < 1) {
      throw scaling.wrong("factor", factor, "a number of at least 1");
    }
    return factor;
  }

  private static RopeParameters yarn(JsonObject config, JsonObject scaling, double theta)
      throws ModelFormatException {
    double factor = factor(scaling);
    String key = "original_max_position_embeddings";
    int original = scaling.integer(key, 1, 1 << 24, config.integer(key, 1, 1 << 24, 0));
    if (original == 0) {
      throw new ModelFormatException(
          scaling.where() + ": " + key + " is missing, expected it for rope_type yarn");
    }
    double mscale = scaling.positive("mscale", 0);
    double mscaleAllDim = scaling.positive("mscale_all_dim", 0);
    double inferred =
        mscale > 0 && mscaleAllDim > 0
            ? mscale(factor, mscale) / mscale(factor, mscaleAllDim)
            : mscale(factor, 1);
    return new RopeParameters(
        "yarn",
        theta,
        factor,
        original,
        scaling.positive("attention_factor", inferred),
        scaling.positive("beta_fast", 32),
        scaling.positive("beta_slow", 1),
        scaling.bool("truncate", true));
  }

  private static double mscale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  /**
   * The frequencies of a head: {@code f[i] = theta^(-2i / headDim)}; stretched by {@code linear} or
   * {@code yarn} (Peng et al., 2023) as transformers' {@code modeling_rope_utils.py} does it, in
   * 32-bit floats.
   *
   * @param headDim the width of a head
   * @return the angles for {@code headDim / 2} pairs
   */
  public Rope rope(int headDim) {
    float[] inverseFrequencies = new float[headDim / 2];
    for (int i = 0; i < inverseFrequencies.length; i++) {
      float wavelength = (float) Math.pow(ropeTheta, (float) (2 * i) / headDim);
      inverseFrequencies[i] = 1f / wavelength;
      if (ropeType.equals("linear")) {
        inverseFrequencies[i] /= (float) factor;
      } else if (ropeType.equals("yarn")) {
        float keep = keep(i, headDim);
        inverseFrequencies[i] =
            1f / ((float) factor * wavelength) * (1f - keep) + inverseFrequencies[i] * keep;
      }
    }
    return new Rope(inverseFrequencies, (float) attentionFactor);
  }

  /**
   * How much of a frequency YaRN keeps: 1 where it turns often over the original context, 0 where
   * seldom.
   */
  private float keep(int i, int headDim) {
    double low = correctionDim(betaFast, headDim);
    double high = correctionDim(betaSlow, headDim);
    if (truncate) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, headDim - 1);
    if (low == high) {
      high += 0.001; // no division by zero
    }
    return 1f - Math.clamp((i - (float) low) / (float) (high - low), 0f, 1f);
  }

  /** The dimension whose frequency makes this many rotations over the original context. */
  private double correctionDim(double rotations, int headDim) {
    return headDim
        * Math.log(originalMaxPositionEmbeddings / (rotations * 2 * Math.PI))
        / (2 * Math.log(ropeTheta));
  }
}
