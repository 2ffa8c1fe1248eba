// What ./nextclass jshell starts with: a model, and three methods to play with it.

import io.github.nextclass.sampling.*
import io.github.nextclass.engine.*
import io.github.nextclass.tokenizer.*
import java.nio.file.Path

var model = LanguageModel.load(Path.of(System.getProperty("nextclass.model", System.getProperty("nextclass.home") + "/models/storyteller")));

/** Counts up, so that each call draws something else, and each session the same. */
long seed = 0;

/** A continuation, each token drawn by its probability. */
String generate(String prompt, int tokens) {
  return model.generate(prompt, Decoding.sampling().seed(++seed).maxNewTokens(tokens)).text();
}

/** The continuation that always takes the best class. */
String greedy(String prompt, int tokens) {
  return model.generate(prompt, Decoding.greedy().maxNewTokens(tokens)).text();
}

/** The best classes of each step of the greedy continuation. */
void classes(String prompt, int tokens) {
  for (Prediction p : model.predictions(prompt, Decoding.greedy().maxNewTokens(tokens).topClasses(5))) {
    StringBuilder line = new StringBuilder();
    for (ClassScore c : p.top()) {
      line.append(String.format("%5.1f %% %-10s", 100 * c.probability(), "\"" + model.decode(c.tokenId()).replace("\n", "\\n") + "\""));
    }
    System.out.println(line.toString().stripTrailing());
  }
}
