package io.github.nextclass.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** What may depend on what in the engine. */
@AnalyzeClasses(
    packages = "io.github.nextclass.engine",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ENGINE = "io.github.nextclass.engine";

  @ArchTest
  static final ArchRule THE_SEAM_KNOWS_NEITHER_SIDE =
      noClasses()
          .that()
          .resideInAPackage(ENGINE + ".backend")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(ENGINE, ENGINE + ".cpu");

  @ArchTest
  static final ArchRule THE_TRANSFORMER_KNOWS_NO_HARDWARE =
      noClasses()
          .that()
          .haveSimpleName("Qwen3")
          .or()
          .haveSimpleName("Session")
          .or()
          .haveSimpleName("Qwen3Weights")
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ENGINE + ".cpu");

  @ArchTest
  static final ArchRule THE_VECTOR_API_STAYS_IN_THESE_FILES =
      noClasses()
          .that()
          .haveNameNotMatching(
              ".*\\.cpu\\.(AttentionKernel|Bf16RowKernel|Block(TileKernel|Unpack|Vectors)|KvWiden|Lanes|MatrixKernel|Panel|Q[48]Rows|RowKernel|Sums|Turn|Vector(BlockKernels|Primitives)|VectorProbeLoops|Widen|WidenQuantized)")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.incubator.vector");

  @ArchTest
  static final ArchRule TEXT_AND_PRINTING_STAY_OUT =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.github.nextclass.tokenizer..",
              "io.github.nextclass.sampling..",
              "sun.misc..",
              "java.util.concurrent.ForkJoinPool")
          .orShould()
          .accessField(System.class, "out")
          .orShould()
          .callMethod(System.class, "setProperty", String.class, String.class);

  @Test
  void theVectorPathIsTestedHere() {
    assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector"))
        .as(
            "tests must run with --add-modules jdk.incubator.vector, or half of the engine goes untested")
        .isPresent();
  }
}
