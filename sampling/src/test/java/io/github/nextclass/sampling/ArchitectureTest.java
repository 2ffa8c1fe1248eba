package io.github.nextclass.sampling;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packagesOf = Decoder.class, importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule theDecoderOnlySeesClassScores =
      noClasses()
          .that()
          .haveNameNotMatching(
              ".*\\.(LanguageModel|LanguageModelOptions|Generator|ModelText|Chat|ChatAnswer.*|ToolRequest.*|ToolCallParser|SessionClassifier|TokenizerText"
                  + "|ContinuationScorer.*|PromptBatches.*|PromptTemplate.*|TextEncoding|TextFiles|PoolingConfig"
                  + "|LabelClassifier|HeadClassifier|TextScorer|Embedder|Reranker)")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage(
                  "io.github.nextclass.engine..", "io.github.nextclass.tokenizer.."));

  @ArchTest
  static final ArchRule aLibraryIsQuiet =
      noClasses()
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err")
          .orShould()
          .callMethod(System.class, "setProperty", String.class, String.class)
          .orShould()
          .callMethod(Math.class, "exp", double.class)
          .orShould()
          .dependOnClassesThat(resideInAnyPackage("sun.misc"));

  @ArchTest
  static final ArchRule filtersAreInternal =
      classes().that().implement(LogitsFilter.class).should().bePackagePrivate();
}
