package io.github.nextclass.sampling.structure;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Whether the texts of a compiled schema end, and no rule of it begins with itself. */
final class SchemaSatisfiability {
  private final Grammar grammar;
  private final List<String> placeOf;
  private final boolean[] checked;

  private SchemaSatisfiability(Grammar grammar, List<String> placeOf) {
    this.grammar = grammar;
    this.placeOf = placeOf;
    this.checked = new boolean[grammar.rules()];
  }

  /**
   * Checks.
   *
   * @param grammar the compiled schema
   * @param placeOf where the schema of each rule stands
   * @throws ConstraintException if there is no text, or none that is not too deep
   */
  static void check(Grammar grammar, List<String> placeOf) {
    SchemaSatisfiability check = new SchemaSatisfiability(grammar, placeOf);
    for (int rule = 0; rule < grammar.rules(); rule++) {
      check.beginning(rule, new LinkedHashSet<>());
    }
    Costs costs = new Costs(grammar, null);
    if (costs.cost(grammar.ruleStart(0)) == Costs.NEVER) {
      throw SchemaNode.error(
          "#", "nothing satisfies the schema: its shortest text would never end");
    }
    if (costs.height(grammar.ruleStart(0)) > Limits.MAX_DEPTH) {
      throw SchemaNode.error(
          "#", "even the shortest text is nested deeper than " + Limits.MAX_DEPTH + " levels");
    }
  }

  private void beginning(int rule, Set<Integer> above) {
    if (!above.add(rule)) {
      throw SchemaNode.error(
          placeOf.get(rule), "$ref leads back to itself before anything is written");
    }
    if (above.size() > Limits.MAX_DEPTH) {
      throw SchemaNode.error(
          placeOf.get(rule), "more than " + Limits.MAX_DEPTH + " $ref one behind the other");
    }
    if (!checked[rule]) {
      Set<Integer> seen = new HashSet<>();
      Deque<Integer> open = new ArrayDeque<>(List.of(grammar.ruleStart(rule)));
      while (!open.isEmpty()) {
        int state = open.remove();
        for (int edge = grammar.firstEdge(state); edge < grammar.endEdge(state); edge++) {
          if (grammar.low(edge) == Grammar.CALL) {
            beginning(grammar.rule(edge), above);
          } else if (grammar.low(edge) == Grammar.EPSILON && seen.add(grammar.target(edge))) {
            open.add(grammar.target(edge));
          }
        }
      }
      checked[rule] = true;
    }
    above.remove(rule);
  }
}
