package io.github.nextclass.sampling.structure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a schema allows, and what is wrong with one. */
class JsonSchemaConstraintTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      nullValues = "",
      value = {
        // schema ! allowed, separated by two spaces ! not allowed
        "{'type':'string'}                      ! ''  'é'  '\\\\'  '\\''  '\\n'  '\\u0001'  '/'     ! x  '\\x'  '\\u0041'  '\\/'  \"a",
        "{'type':'boolean'}                     ! true  false                         ! null  1",
        "{'type':'null'}                        ! null                                ! true",
        "{'type':['string','null']}             ! 'a'  null                           ! 1",
        "{'enum':['a',1,null,true,{'k':[1]}]}   ! 'a'  1  null  true  {'k':[1]}       ! 'b'  2  {}",
        "{'const':'x'}                          ! 'x'                                 ! 'y'",
        "{'type':'string','enum':['a',1]}       ! 'a'                                 ! 1",
        "{'type':'integer','enum':[1,2,30],'maximum':9} ! 1  2                        ! 30",
        "{'type':'string','minLength':2,'maxLength':3} ! 'ab'  'äöü'  '😀\\n'         ! 'a'  'abcd'",
        "{'type':'string','pattern':'b+'}       ! 'b'  'abc'                          ! ''  'ac'",
        "{'type':'string','pattern':'^b+$'}     ! 'b'  'bbb'                          ! 'ab'  'bc'",
        "{'type':'string','pattern':'^a|z$'}    ! 'abc'  'xyz'                        ! 'xax'",
        "{'type':'string','pattern':'^[a-z]*$','maxLength':2} ! ''  'ab'              ! 'abc'  'A'",
        "{'type':'array','items':{'type':'null'}} ! []  [null]  [null, null]  [null,null,null] ! [null,]  [null  [ null]",
        "{'type':'array','items':{'type':'null'},'minItems':1,'maxItems':2} ! [null]  [null,null] ! []  [null,null,null]",
        "{'type':'array','items':{'type':'null'},'minItems':2} ! [null,null]  [null,null,null] ! []  [null]",
        "{'type':'array','maxItems':0}          ! []                                  ! [null]",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'}}} ! {}  {'a':null}  {'b': null}  {'a':null,'b':null} ! {'b':null,'a':null}  {'a':null,}  {,'b':null}",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'}},'required':['b']} ! {'b':null}  {'a':null, 'b':null} ! {}  {'a':null}",
        "{'type':'object','properties':{'a':{'type':'null'},'b':{'type':'null'},'c':{'type':'null'}},'required':['a']} ! {'a':null}  {'a':null,'c':null} ! {}  {'c':null}",
        "{'type':'object','additionalProperties':false} ! {}                          ! {'a':1}",
        "{'type':'object','properties':{'a\"é':{'type':'null'}},'required':['a\"é']} ! {'a\"é':null} ! {}",
        "{'anyOf':[{'type':'null'},{'type':'string'}]} ! null  'a'                    ! 1",
        "{'$ref':'#/$defs/n','$defs':{'n':{'anyOf':[{'type':'null'},{'type':'array','items':{'$ref':'#/$defs/n'}}]}}} ! null  [[],[null,[[]]]] ! [",
        "{'anyOf':[{'type':'null'},{'type':'array','items':{'$ref':'#'}}]} ! null  [[],[null]] ! 1",
        "{'properties':{'a':{'type':'null'}}}   ! {}  {'a':null}                      ! []",
        "{'type':'string','format':'date'}      ! '2024-02-29'  '1999-12-31'          ! '2023-02-29'  '1900-02-29'  '2024-13-01'",
        "{'type':'string','format':'ipv6'}      ! '::'  '::1'  '1::'  'fe80::1'  '1:2:3:4:5:6:7:8' ! '1:2'  ':::'  '1::2::3'",
        "{'type':'string','format':'duration'}  ! 'P1D'  'PT5M'  'P1Y2M3DT4H5M6S'     ! 'P'  'P1Y2D'  'PT'"
      })
  void allows(String schema, String allowed, String refused) {
    Constraint constraint = Constraint.jsonSchema(quotes(schema));
    for (String text : allowed.split("  ")) {
      assertThat(constraint.matches(quotes(text))).as("%s: %s", schema, text).isTrue();
    }
    for (String text : refused.split("  ")) {
      assertThat(constraint.matches(quotes(text))).as("%s: %s", schema, text).isFalse();
    }
  }

  private static String quotes(String text) {
    return text.strip().replace("\"", "\\\"").replace('\'', '"');
  }

  @Test
  void comparesNumbersWithTheirBounds() {
    Random random = new Random(1);
    for (int round = 0; round < 120; round++) {
      boolean integer = random.nextBoolean();
      BigDecimal min = random.nextInt(4) == 0 ? null : decimal(random);
      BigDecimal max = random.nextInt(4) == 0 ? null : decimal(random);
      boolean minExclusive = random.nextBoolean();
      boolean maxExclusive = random.nextBoolean();
      BigDecimal divisor =
          random.nextInt(3) > 0
              ? null
              : BigDecimal.valueOf(1 + random.nextInt(60), integer ? 0 : random.nextInt(3));
      String schema =
          "{\"type\":\"%s\"".formatted(integer ? "integer" : "number")
              + (min == null
                  ? ""
                  : ",\"%s\":%s"
                      .formatted(
                          minExclusive ? "exclusiveMinimum" : "minimum", min.toPlainString()))
              + (max == null
                  ? ""
                  : ",\"%s\":%s"
                      .formatted(
                          maxExclusive ? "exclusiveMaximum" : "maximum", max.toPlainString()))
              + (divisor == null ? "" : ",\"multipleOf\":" + divisor.toPlainString())
              + "}";
      Constraint constraint;
      try {
        constraint = Constraint.jsonSchema(schema);
      } catch (ConstraintException e) {
        assertThat(e).hasMessageContaining("no number satisfies");
        continue;
      }
      for (int i = 0; i < 40; i++) {
        BigDecimal number = random.nextInt(5) == 0 && min != null ? min : decimal(random);
        String text = number.toPlainString();
        boolean expected =
            (!integer || number.scale() <= 0)
                && (min == null || number.compareTo(min) >= (minExclusive ? 1 : 0))
                && (max == null || number.compareTo(max) <= (maxExclusive ? -1 : 0))
                && (divisor == null || number.remainder(divisor).signum() == 0);
        assertThat(constraint.matches(text)).as("%s: %s", schema, text).isEqualTo(expected);
      }
    }
  }

  private static BigDecimal decimal(Random random) {
    int digits = 1 + random.nextInt(4);
    long unscaled = random.nextInt((int) Math.pow(10, digits)) * (random.nextBoolean() ? 1L : -1L);
    return BigDecimal.valueOf(unscaled, random.nextInt(3));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      value = {
        // malformed
        "{                                        ! no JSON",
        "{'type':'null'} x                        ! no JSON",
        "{'type':'null','type':'null'}            ! Duplicate",
        "true                                     ! at #: a schema must be an object",
        "{}                                       ! one of type, enum, const, anyOf and $ref is needed",
        "{'type':'text'}                          ! type must be one or more of",
        "{'type':'array'}                         ! type array needs items",
        "{'type':'object'}                        ! type object needs properties",
        "{'type':'string','minLength':-1}         ! minLength must be a whole number",
        "{'type':'string','minLength':1.5}        ! minLength must be a whole number",
        "{'type':'string','pattern':1}            ! pattern must be a string",
        "{'type':'integer','minimum':'1'}         ! minimum must be a number",
        "{'anyOf':[]}                             ! anyOf must be a list with at least one",
        "{'enum':[]}                              ! enum must be a list with at least one",
        // not supported
        "{'type':'object','properties':{'a':{'oneOf':[]}}} ! at #/properties/a: keyword 'oneOf' is not supported",
        "{'type':'string','unknown':1}            ! keyword 'unknown' is not supported",
        "{'type':'array','items':{'type':'null'},'uniqueItems':true} ! keyword 'uniqueItems'",
        "{'type':'object','properties':{},'additionalProperties':true} ! additionalProperties is supported only if false",
        "{'type':'string','minimum':1}            ! keyword 'minimum' does not apply to type string",
        "{'anyOf':[{'type':'null'}],'type':'null'} ! keyword 'type' beside 'anyOf'",
        "{'$ref':'#','minLength':1}               ! keyword 'minLength' beside '$ref'",
        "{'$ref':'http://x/y'}                    ! other documents are not read",
        "{'$ref':'#/$defs/x'}                     ! $ref to '#/$defs/x', which is not there",
        "{'type':'string','format':'uri'}         ! format 'uri' is not supported; supported are date",
        "{'type':'string','pattern':'(?=a)'}      ! at #: regular expression, index 0: lookahead",
        "{'type':'integer','multipleOf':0}        ! multipleOf must be above 0",
        "{'type':'integer','multipleOf':123457}   ! multipleOf must be above 0",
        // contradictory
        "{'type':'array','items':{'type':'null'},'minItems':3,'maxItems':2} ! minItems 3 is above maxItems 2",
        "{'type':'string','minLength':3,'maxLength':2} ! minLength 3 is above maxLength 2",
        "{'type':'string','pattern':'^abc$','maxLength':2} ! no string satisfies",
        "{'type':'string','pattern':'^abc$','format':'date'} ! no string satisfies",
        "{'type':'integer','minimum':3,'maximum':2} ! no number satisfies",
        "{'type':'integer','exclusiveMinimum':2,'exclusiveMaximum':3} ! no number satisfies",
        "{'type':'integer','minimum':1,'maximum':6,'multipleOf':7} ! no number satisfies",
        "{'type':'string','enum':[1,2]}           ! no value of enum or const",
        "{'enum':[1],'const':2}                   ! const is not in enum",
        "{'type':'object','properties':{'a':{'type':'null'}},'required':['b']} ! required names 'b'",
        "{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']} ! would never end",
        "{'$ref':'#'}                             ! leads back to itself",
        "{'anyOf':[{'type':'null'},{'$ref':'#'}]} ! leads back to itself",
        // too large
        "{'type':'string','minLength':100000,'maxLength':100000} ! too large",
        "{'type':'array','items':{'type':'null'},'maxItems':1000000} ! maxItems must be a whole number from 0 to",
        "{'type':'string','pattern':'^(a{1000}){1000}$'} ! too large"
      })
  void saysWhatIsWrong(String schema, String message) {
    assertThatThrownBy(() -> Constraint.jsonSchema(schema.replace('\'', '"')))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining(message.replace('\'', message.contains("Duplicate") ? '"' : '\''));
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 5000})
  void rejectsDeepNesting(int depth) {
    String schema =
        "{\"type\":\"array\",\"items\":".repeat(depth) + "{\"type\":\"null\"}" + "}".repeat(depth);
    String nonempty = schema.replace("\"array\"", "\"array\",\"minItems\":1");
    assertThatThrownBy(() -> Constraint.jsonSchema(nonempty))
        .isInstanceOf(ConstraintException.class);
  }

  /** Each definition uses the next one twice: written out it would have 2^40 parts. */
  @Test
  void sharesWhatIsReferredToTwice() {
    StringBuilder schema = new StringBuilder("{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < 40; i++) {
      schema.append(
          "\"d%d\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/d%d\"},\"b\":{\"$ref\":\"#/$defs/d%d\"}}},"
              .formatted(i, i + 1, i + 1));
    }
    schema.append("\"d40\":{\"type\":\"null\"}}}");
    assertThat(Constraint.jsonSchema(schema.toString()).matches("{\"b\":{\"a\":{}}}")).isTrue();
  }

  @Test
  void rejectsLongSchemas() {
    assertThatThrownBy(() -> Constraint.jsonSchema(" ".repeat(2_000_000)))
        .hasMessageContaining("2000000 characters");
  }
}
