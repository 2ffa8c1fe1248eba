///usr/bin/env jbang "$0" "$@" ; exit $?
//JAVA 25
//REPOS mavenlocal,mavencentral
//DEPS io.github.nextclass:nextclass-sampling:0.1.0-SNAPSHOT
//DEPS io.github.nextclass:nextclass-hub:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS --add-modules jdk.incubator.vector

import io.github.nextclass.hub.Hub;
import io.github.nextclass.sampling.LanguageModel;

// jbang Story.java Qwen/Qwen3-0.6B "Once upon a time", or with a folder instead of the name.
void main(String[] args) throws Exception {
  try (LanguageModel model = LanguageModel.load(Hub.fetch(args[0]))) {
    model.generate(
        args[1], model.defaultDecoding().seed(7).maxNewTokens(60), text -> IO.print(text));
    IO.println();
  }
}
