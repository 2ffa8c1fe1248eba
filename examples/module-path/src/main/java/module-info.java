/** An application that is a module: no flag is needed to start it. */
module org.example.triage {
  requires io.github.nextclass.hub;
  requires io.github.nextclass.sampling;
}
