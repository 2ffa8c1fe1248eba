package io.github.nextclass.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringMatcherTest {

  @Test
  void holdsBackWhatMayBecomeAStopString() {
    StopStringMatcher matcher = new StopStringMatcher(List.of("<end>"), false);
    assertThat(matcher.append("Yes.<")).isEqualTo("Yes.");
    assertThat(matcher.append("en")).isEmpty();
    assertThat(matcher.append("try>")).isEqualTo("<entry>");
    assertThat(matcher.append("a<e<en")).isEqualTo("a<e");
    assertThat(matcher.append("d>more")).isEmpty();
    assertThat(matcher.matched()).isTrue();
    assertThat(matcher.flush()).isEmpty();
  }

  @Test
  void givesBackWhatWasHeldIfTheTextEnds() {
    StopStringMatcher matcher = new StopStringMatcher(List.of("stop"), false);
    assertThat(matcher.append("non-sto")).isEqualTo("non-");
    assertThat(matcher.flush()).isEqualTo("sto");
    assertThat(matcher.matched()).isFalse();
  }

  @Test
  void canIncludeTheStopString() {
    StopStringMatcher matcher = new StopStringMatcher(List.of("\n\n"), true);
    assertThat(matcher.append("one\n")).isEqualTo("one");
    assertThat(matcher.append("\ntwo")).isEqualTo("\n\n");
    assertThat(matcher.matched()).isTrue();
  }

  @Test
  void anyPiecesGiveTheTextUpToTheStopStringThatIsCompleteFirst() {
    Random random = new Random(5);
    int matches = 0;
    for (int round = 0; round < 20_000; round++) {
      List<String> stopStrings = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        stopStrings.add(randomText(random, 1 + random.nextInt(5)));
      }
      boolean include = random.nextBoolean();
      String text = randomText(random, random.nextInt(30));
      String expected = cutBySearching(text, stopStrings, include);

      StopStringMatcher matcher = new StopStringMatcher(stopStrings, include);
      StringBuilder emitted = new StringBuilder();
      for (int from = 0; from < text.length(); ) {
        int to = Math.min(text.length(), from + random.nextInt(6));
        emitted.append(matcher.append(text.substring(from, to)));
        from = to;
        if (!include) {
          assertThat(stopStrings).noneMatch(emitted.toString()::contains);
        }
      }
      emitted.append(matcher.flush());
      assertThat(emitted.toString()).isEqualTo(expected);
      matches += matcher.matched() ? 1 : 0;
    }
    assertThat(matches).isBetween(2000, 19_000);
  }

  private static String cutBySearching(String text, List<String> stopStrings, boolean include) {
    for (int end = 1; end <= text.length(); end++) {
      String soFar = text.substring(0, end);
      int longest =
          stopStrings.stream().filter(soFar::endsWith).mapToInt(String::length).max().orElse(0);
      if (longest > 0) {
        return include ? soFar : soFar.substring(0, end - longest);
      }
    }
    return text;
  }

  private static String randomText(Random random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append("abc".charAt(random.nextInt(random.nextInt(4) == 0 ? 3 : 2)));
    }
    return text.toString();
  }
}
