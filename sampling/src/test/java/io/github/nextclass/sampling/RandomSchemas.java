package io.github.nextclass.sampling;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;

/**
 * Random JSON schemas, within what is supported, that can be satisfied. The same seed, the same
 * schema.
 */
final class RandomSchemas {
  private static final List<String> PATTERNS =
      List.of(
          "^[a-z]+$",
          "^[A-Z]{2}-\\\\d{3}$",
          "\\\\d",
          "^(red|green|blue)$",
          "^[^\\\"]*$",
          "^.{3,8}$",
          "^\\\\w+( \\\\w+){0,3}$",
          "é|ü");

  /** Without email: the validator also asks whether the top-level domain exists. */
  private static final List<String> FORMATS =
      List.of("date", "time", "date-time", "duration", "hostname", "ipv4", "ipv6", "uuid");

  private static final List<String> NAMES =
      List.of(
          "name",
          "id",
          "größe",
          "a b",
          "quote\\\"s",
          "名前",
          "x",
          "isActive",
          "very_long_name",
          "slash/y");
  private static final List<String> CONSTANTS =
      List.of(
          "\"red\"",
          "\"grün\"",
          "\"\"",
          "\"a\\nb\"",
          "1",
          "-2.5",
          "true",
          "null",
          "[1,\"x\"]",
          "{\"k\":[]}",
          "\"😀\"");

  private final Random random;
  private final boolean recursive;

  private RandomSchemas(long seed) {
    random = new Random(seed);
    recursive = random.nextInt(4) == 0;
  }

  static String schema(long seed) {
    RandomSchemas schemas = new RandomSchemas(seed);
    if (!schemas.recursive) {
      return schemas.value(3);
    }
    String tree =
        "\"tree\":{\"anyOf\":[%s,{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tree\"},\"maxItems\":%d},%s]}"
            .formatted(schemas.string(), 1 + schemas.random.nextInt(4), schemas.object(1));
    return "{\"type\":\"object\",\"properties\":{\"root\":{\"$ref\":\"#/$defs/tree\"},\"other\":%s},\"required\":[\"root\"],\"additionalProperties\":false,\"$defs\":{%s}}"
        .formatted(schemas.value(1), tree);
  }

  private String value(int depth) {
    if (depth > 0 && random.nextInt(5) < 3) {
      return switch (random.nextInt(5)) {
        case 0, 1, 2 -> object(depth);
        case 3 -> array(depth);
        default -> anyOf(depth);
      };
    }
    return switch (random.nextInt(9)) {
      case 0, 1, 2 -> string();
      case 3 -> number("integer");
      case 4 -> number("number");
      case 5 -> "{\"type\":\"boolean\"}";
      case 6 -> "{\"type\":[\"string\",\"null\",\"integer\"]}";
      case 7 -> "{\"const\":%s,\"description\":\"a constant\"}".formatted(pick(CONSTANTS));
      default -> "{\"enum\":[%s]}".formatted(String.join(",", some(CONSTANTS)));
    };
  }

  private String object(int depth) {
    StringJoiner properties = new StringJoiner(",", "{", "}");
    List<String> required = new ArrayList<>();
    for (String name : some(NAMES)) {
      boolean node = recursive && depth == 1 && random.nextInt(6) == 0;
      properties.add(
          "\"%s\":%s".formatted(name, node ? "{\"$ref\":\"#/$defs/tree\"}" : value(depth - 1)));
      if (!node && random.nextBoolean()) {
        required.add("\"" + name + "\"");
      }
    }
    return "{\"type\":\"object\",\"properties\":%s,\"required\":%s,\"additionalProperties\":false}"
        .formatted(properties, required);
  }

  private String array(int depth) {
    int min = random.nextInt(3);
    String bounds =
        switch (random.nextInt(4)) {
          case 0 -> "";
          case 1 -> ",\"minItems\":" + min;
          case 2 -> ",\"maxItems\":" + min;
          default -> ",\"minItems\":%d,\"maxItems\":%d".formatted(min, min + random.nextInt(4));
        };
    return "{\"type\":\"array\",\"items\":%s%s}".formatted(value(depth - 1), bounds);
  }

  private String anyOf(int depth) {
    return "{\"anyOf\":[%s,%s]}".formatted(value(depth - 1), value(depth - 1));
  }

  private String string() {
    return switch (random.nextInt(6)) {
      case 0 -> "{\"type\":\"string\"}";
      case 1 -> "{\"type\":\"string\",\"pattern\":\"%s\"}".formatted(pick(PATTERNS));
      case 2 -> "{\"type\":\"string\",\"format\":\"%s\"}".formatted(pick(FORMATS));
      case 3 -> "{\"type\":\"string\",\"minLength\":%d}".formatted(random.nextInt(6));
      case 4 ->
          "{\"type\":\"string\",\"pattern\":\"%s\",\"maxLength\":20}".formatted(pick(PATTERNS));
      default ->
          "{\"type\":\"string\",\"minLength\":%d,\"maxLength\":%d}"
              .formatted(random.nextInt(4), 4 + random.nextInt(30));
    };
  }

  private String number(String type) {
    int low = random.nextInt(400) - 200;
    String bounds =
        switch (random.nextInt(6)) {
          case 0 -> "";
          case 1 -> ",\"minimum\":" + low;
          case 2 -> ",\"exclusiveMaximum\":" + low;
          case 3 ->
              ",\"minimum\":%d.25,\"maximum\":%d.5".formatted(low, low + 7 + random.nextInt(90));
          case 4 -> ",\"multipleOf\":" + (1 + random.nextInt(12));
          default -> ",\"minimum\":0,\"exclusiveMaximum\":%d".formatted(1 + random.nextInt(99));
        };
    return "{\"type\":\"%s\"%s}".formatted(type, bounds);
  }

  private String pick(List<String> from) {
    return from.get(random.nextInt(from.size()));
  }

  private List<String> some(List<String> from) {
    List<String> some = new ArrayList<>(from);
    Collections.shuffle(some, random);
    return some.subList(0, 1 + random.nextInt(4));
  }
}
