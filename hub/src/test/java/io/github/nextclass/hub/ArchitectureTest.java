package io.github.nextclass.hub;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packagesOf = Hub.class, importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule IT_STANDS_ALONE =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.github.nextclass.hub",
              "java..",
              "javax.net.ssl",
              "tools.jackson.core..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule A_LIBRARY_IS_QUIET =
      noClasses()
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err")
          .orShould()
          .callMethod(System.class, "setProperty", String.class, String.class);

  @ArchTest
  static final ArchRule ONE_CLASS_KNOWS_HTTP_REQUESTS =
      noClasses()
          .that()
          .doNotHaveSimpleName("HubClient")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.net.http.HttpRequest");
}
