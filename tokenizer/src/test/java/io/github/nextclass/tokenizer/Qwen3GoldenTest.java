package io.github.nextclass.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

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
   * The reference holds a step back as long as the text ends in U+FFFD: although a token completed
   * a code point and only began the next, and although nothing can complete the bytes any more. We
   * give what is certain at once. So at every step our text is the reference's text or goes beyond
   * it, and the sum is equal.
   */
  @Test
  void streamsAsTheReferenceOrEarlier() {
    Tokenizer tokenizer = Qwen3Data.tokenizer();
    int equalSteps = 0;
    int cases = 0;
    for (Golden line : Golden.lines(Qwen3Data.require("golden/stream.jsonl"))) {
      int[] ids = line.ints("ids");
      String full = tokenizer.decode(ids);
      assertThat(!line.has("full") || full.equals(line.text("full"))).as(full).isTrue();
      StreamingDecoder decoder = tokenizer.newStreamingDecoder();
      StringBuilder ours = new StringBuilder();
      StringBuilder reference = new StringBuilder();
      boolean equal = true;
      for (int i = 0; i < ids.length; i++) {
        ours.append(decoder.append(ids[i]));
        reference.append(line.list("steps").get(i) instanceof String step ? step : "");
        assertThat(full).startsWith(ours.toString());
        assertThat(ours.toString()).startsWith(reference.toString());
        equal &= ours.compareTo(reference) == 0;
      }
      ours.append(decoder.flush());
      assertThat(ours).hasToString(full);
      equalSteps += equal ? 1 : 0;
      cases++;
    }
    assertThat(cases - equalSteps).as("cases in which a step comes earlier").isLessThan(10);
  }

  @Test
  void rendersConversationsAsTheTemplate() throws Exception {
    ChatTemplate template = ChatTemplate.load(Qwen3Data.require("Qwen3-0.6B"));
    int cases = 0;
    for (Golden line : Golden.lines(Qwen3Data.require("golden/chat_template.jsonl"))) {
      assertThat(line.has("error")).isFalse();
      ChatOptions options = TokenizeLines.options(line.object("kwargs"));
      List<Message> messages = Messages.fromJson(PythonJson.dumps(line.value("messages")));
      assertThat(template.render(messages, options).text())
          .as(line.text("name"))
          .isEqualTo(line.text("rendered"));
      cases++;
    }
    assertThat(cases).isGreaterThan(10);
  }
}
