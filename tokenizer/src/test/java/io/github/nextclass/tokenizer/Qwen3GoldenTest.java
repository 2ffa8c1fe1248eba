package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Qwen3's published tokenizer against what Hugging Face gave for it. */
class Qwen3GoldenTest {

  @Test
  void encodesAndDecodesAsTheReference() {
    Tokenizer tokenizer = Qwen3Data.tokenizer();
    int cases = 0;
    for (Golden line : Golden.lines(Qwen3Data.require("golden/encode.jsonl"))) {
      String text = line.text("text");
      int[] ids = line.ints("ids");
      assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids);
      assertThat(tokenizer.decode(ids)).as(text).isEqualTo(line.text("decode"));
      cases++;
    }
    assertThat(cases).isGreaterThan(500);
  }

  @Test
  void allFileFormsGiveTheSameIds() {
    Tokenizer fromTiktoken = Qwen3Data.load(Qwen3Data.require("qwen.tiktoken"));
    Tokenizer fromVocabAndMerges = Qwen3Data.load(Qwen3Data.require("Qwen3-0.6B/vocab.json"));
    assertThat(fromTiktoken.vocabSize()).isEqualTo(151669);
    assertThat(fromVocabAndMerges.vocabSize()).isEqualTo(151669);
    for (Golden line : Golden.lines(Qwen3Data.require("golden/encode.jsonl"))) {
      String text = line.text("text");
      int[] ids = line.ints("ids");
      assertThat(fromTiktoken.encode(text)).as(text).isEqualTo(ids);
      assertThat(fromVocabAndMerges.encode(text)).as(text).isEqualTo(ids);
    }
  }

  /**
   * The reference's steps are ours, but where it waits although nothing can complete the bytes: it
   * cannot tell U+FFFD that it made from U+FFFD in the text. Then only the sum is equal.
   */
  @Test
  void streamsAsTheReference() {
    Tokenizer tokenizer = Qwen3Data.tokenizer();
    int differing = 0;
    for (Golden line : Golden.lines(Qwen3Data.require("golden/stream.jsonl"))) {
      int[] ids = line.ints("ids");
      StreamingDecoder decoder = tokenizer.newStreamingDecoder();
      List<Object> steps = new ArrayList<>();
      StringBuilder sum = new StringBuilder();
      for (int id : ids) {
        String step = decoder.append(id);
        sum.append(step);
        steps.add(step.isEmpty() ? Json.NULL : step);
      }
      sum.append(decoder.flush());
      assertThat(sum).hasToString(tokenizer.decode(ids));
      if (!steps.equals(line.list("steps"))) {
        assertThat(sum.toString())
            .as("only ill-formed bytes may come in other steps")
            .contains("\uFFFD");
        differing++;
      }
    }
    assertThat(differing).isLessThanOrEqualTo(5);
  }

  @Test
  void rendersConversationsAsTheTemplate() throws Exception {
    ChatTemplate template = ChatTemplate.load(Qwen3Data.require("Qwen3-0.6B"));
    int cases = 0;
    for (Golden line : Golden.lines(Qwen3Data.require("golden/chat_template.jsonl"))) {
      assertThat(line.has("error")).isFalse();
      Golden arguments = line.object("kwargs");
      ChatOptions options =
          ChatOptions.defaults()
              .withAddGenerationPrompt(arguments.flag("add_generation_prompt"))
              .withEnableThinking(!arguments.value("enable_thinking").equals(false));
      if (arguments.has("tools")) {
        options =
            options.withTools(Messages.toolsFromJson(PythonJson.dumps(arguments.value("tools"))));
      }
      List<Message> messages = Messages.fromJson(PythonJson.dumps(line.value("messages")));
      assertThat(template.render(messages, options).text())
          .as(line.text("name"))
          .isEqualTo(line.text("rendered"));
      cases++;
    }
    assertThat(cases).isGreaterThan(10);
  }
}
