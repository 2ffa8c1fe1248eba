package io.github.nextclass.docs.samples;

import io.github.nextclass.sampling.Decoding;
import io.github.nextclass.sampling.LanguageModel;

// @start region=service
record SpringStories(LanguageModel model) {
  String continuation(String prompt) {
    return model.generate(prompt, Decoding.greedy().maxNewTokens(10)).text();
  }
}
// @end
