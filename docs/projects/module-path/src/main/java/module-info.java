module org.example {
  requires io.github.nextclass.sampling;
}
