package io.github.nextclass.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Which of a model's files it takes to run it: config, tokenizer, chat template and safetensors;
 * never weights in other formats.
 */
final class NeededFiles {
  private static final String CONFIG = "config.json";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String SINGLE = "model.safetensors";

  private static final Set<String> SMALL =
      Set.of(
          CONFIG,
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "chat_template.jinja",
          "chat_template.json",
          // how an embedding model makes one vector out of many
          "modules.json",
          "config_sentence_transformers.json",
          "1_Pooling/config.json",
          INDEX);

  private final ModelName model;
  private final String commit;
  private final List<RemoteFile> listed;

  NeededFiles(ModelName model, String commit, List<RemoteFile> listed) {
    this.model = model;
    this.commit = commit;
    this.listed = listed;
  }

  /** The index of the shards, for those models that have one. */
  Optional<RemoteFile> index() {
    return find(INDEX);
  }

  /** All but the weights. */
  List<RemoteFile> small() throws HubException {
    if (find(CONFIG).isEmpty()) {
      throw new HubException(
          "%s: there is no %s at commit %s, so this is no model that can be loaded; is it the right name?"
              .formatted(model, CONFIG, commit));
    }
    return listed.stream()
        .filter(file -> SMALL.contains(file.path()) || isTiktoken(file.path()))
        .toList();
  }

  /** The weights. */
  List<RemoteFile> weights(Set<String> shards) throws HubException {
    if (index().isEmpty()) {
      return List.of(find(SINGLE).orElseThrow(this::noSafetensors));
    }
    List<RemoteFile> found = new ArrayList<>();
    for (String shard : new TreeSet<>(shards)) {
      found.add(
          find(shard)
              .orElseThrow(() ->
                  new HubException(
                      "%s: %s names the file %s, which the hub does not have at commit %s; the model is damaged there, try another --revision"
                          .formatted(model, INDEX, Texts.quote(shard), commit))));
    }
    return found;
  }

  private HubException noSafetensors() {
    String others =
        listed.stream()
            .map(RemoteFile::path)
            .filter(path -> path.matches("(?s).*\\.(bin|gguf|onnx|pt|pth|h5|msgpack)"))
            .limit(3)
            .map(Texts::quote)
            .collect(Collectors.joining(", "));
    return new HubException(
        "%s: there is no %s at commit %s%s; only safetensors are read, so look for a version of the model in that format"
            .formatted(model, SINGLE, commit, others.isEmpty() ? "" : ", only " + others));
  }

  private Optional<RemoteFile> find(String path) {
    return listed.stream().filter(file -> file.path().equals(path)).findFirst();
  }

  private static boolean isTiktoken(String path) {
    return path.endsWith(".tiktoken") && path.indexOf('/') < 0;
  }
}
