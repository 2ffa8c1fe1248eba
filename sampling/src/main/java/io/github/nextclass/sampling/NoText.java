package io.github.nextclass.sampling;

/** The detokenizer of a model without a tokenizer: ids in, ids out. */
enum NoText implements Detokenizer {
  INSTANCE;

  @Override
  public String append(int tokenId) {
    return "";
  }

  @Override
  public String flush() {
    return "";
  }
}
