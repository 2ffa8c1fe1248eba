package io.github.nextclass.engine;

import io.github.nextclass.engine.backend.Rope;

/**
 * How positions become angles: {@code rope_parameters} of config.json, or the older {@code
 * rope_theta} with {@code rope_scaling}.
 *
 * @param ropeType {@code default}, {@code linear}, {@code yarn} or {@code llama3}
 * @param ropeTheta the base of the frequencies, 1,000,000 for Qwen3
 * @param factor by how much the context is stretched; 1 for {@code default}
 * @param originalMaxPositionEmbeddings the context before {@code yarn} or {@code llama3} stretched
 *     it; 0 otherwise
 * @param attentionFactor YaRN's factor on cosine and sine; 1 otherwise
 * @param betaFast rotations over the original context above which YaRN leaves a frequency alone
 * @param betaSlow rotations over the original context below which YaRN divides a frequency by
 *     {@code factor}
 * @param truncate whether YaRN rounds the borders between those to whole dimensions
 * @param lowFreqFactor rotations over the original context up to which {@code llama3} divides a
 *     frequency by {@code factor}; 1 otherwise
 * @param highFreqFactor rotations from which it leaves a frequency alone; 1 otherwise
 */
public record RopeParameters(
    String ropeType,
    double ropeTheta,
    double factor,
    int originalMaxPositionEmbeddings,
    double attentionFactor,
    double betaFast,
    double betaSlow,
    boolean truncate,
    double lowFreqFactor,
    double highFreqFactor) {

  private static final double DEFAULT_THETA = 10_000;

  /**
   * Angles that nothing stretches: {@code rope_type} {@code default}.
   *
   * @param ropeTheta the base of the frequencies, above 1
   * @return the parameters
   */
  public static RopeParameters ofTheta(double ropeTheta) {
    return unstretched("default", ropeTheta, 1);
  }

  static RopeParameters read(JsonObject config) throws ModelFormatException {
    JsonObject older = config.object("rope_scaling");
    JsonObject scaling =
        older != null && !older.isEmpty() ? older : config.object("rope_parameters");
    if (scaling != null
        && scaling.has("full_attention")) { // transformers 5 may nest them by layer type
      scaling = scaling.object("full_attention");
    }
    double outerTheta = theta(config, DEFAULT_THETA);
    if (scaling == null) {
      return ofTheta(outerTheta);
    }
    double theta = theta(scaling, outerTheta);
    String type = scaling.string("rope_type", scaling.string("type", "default"));
    return switch (type) {
      case "default" -> unstretched(type, theta, 1);
      case "linear" -> unstretched(type, theta, factor(scaling));
      case "yarn" -> yarn(config, scaling, theta);
      case "llama3" -> llama3(config, scaling, theta);
      default -> throw scaling.wrong("rope_type", type, "default, linear, yarn or llama3");
    };
  }

  /** All frequencies divided by one factor. */
  private static RopeParameters unstretched(String type, double theta, double factor) {
    return new RopeParameters(type, theta, factor, 0, 1, 32, 1, true, 1, 1);
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
        originalContext(config, scaling, "yarn"),
        scaling.positive("attention_factor", inferred),
        scaling.positive("beta_fast", 32),
        scaling.positive("beta_slow", 1),
        scaling.bool("truncate", true),
        1,
        1);
  }

  private static RopeParameters llama3(JsonObject config, JsonObject scaling, double theta)
      throws ModelFormatException {
    double low = required(scaling, "low_freq_factor");
    double high = required(scaling, "high_freq_factor");
    if (high <= low) {
      throw scaling.wrong("high_freq_factor", high, "more than low_freq_factor, which is " + low);
    }
    int original = originalContext(config, scaling, "llama3");
    return new RopeParameters(
        "llama3", theta, factor(scaling), original, 1, 32, 1, true, low, high);
  }

  private static double required(JsonObject scaling, String key) throws ModelFormatException {
    double value = scaling.positive(key, 0);
    if (value == 0) {
      throw new ModelFormatException(
          scaling.where() + ": " + key + " is missing, expected a number above 0");
    }
    return value;
  }

  /** Beside the scaling it counts more than in it, as in the reference. */
  private static int originalContext(JsonObject config, JsonObject scaling, String type)
      throws ModelFormatException {
    String key = "original_max_position_embeddings";
    int original = config.integer(key, 1, 1 << 24, scaling.integer(key, 1, 1 << 24, 0));
    if (original == 0) {
      throw new ModelFormatException(
          scaling.where() + ": " + key + " is missing, expected it for rope_type " + type);
    }
    return original;
  }

  private static double mscale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  /**
   * The frequencies of a head: {@code f[i] = theta^(-2i / headDim)}; stretched by {@code linear},
   * {@code yarn} (Peng et al., 2023) or {@code llama3} as transformers' {@code
   * modeling_rope_utils.py} does it, in 32-bit floats.
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
      } else if (ropeType.equals("llama3")) {
        inverseFrequencies[i] = llama3(inverseFrequencies[i]);
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

  /** A frequency that turns often is kept, one that turns seldom divided, between is a ramp. */
  private float llama3(float frequency) {
    float rotations = originalMaxPositionEmbeddings / ((float) (2 * Math.PI) / frequency);
    float keep = (rotations - (float) lowFreqFactor) / (float) (highFreqFactor - lowFreqFactor);
    float divided = frequency / (float) factor;
    if (rotations < lowFreqFactor) {
      return divided;
    }
    return rotations > highFreqFactor ? frequency : (1f - keep) * divided + keep * frequency;
  }

  /** The dimension whose frequency makes this many rotations over the original context. */
  private double correctionDim(double rotations, int headDim) {
    return headDim
        * Math.log(originalMaxPositionEmbeddings / (rotations * 2 * Math.PI))
        / (2 * Math.log(ropeTheta));
  }
}
