package io.github.nextclass.cuda;

import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs the launches of passes. What came up before is a graph from the second time on: a launch
 * costs some microseconds, and a decode step has some hundred of them.
 */
final class PlanRunner {
  /** Shapes of passes that are kept: decoding with some batch sizes, and full prefill passes. */
  private static final int MOST_PLANS = 32;

  private final CudaApi api;
  private final int sharedBytes;
  private final boolean overlaps;
  private final Map<Kernel, CudaApi.Function> functions = new EnumMap<>(Kernel.class);

  /** In the order of use, the oldest first. */
  private final Map<List<Op>, Plan> plans = new LinkedHashMap<>(16, 0.75f, true);

  /** What was put on the stream last. */
  private List<Launch> last = List.of();

  private static final class Plan {
    final List<Launch> launches;
    CudaApi.@Nullable Graph graph;

    Plan(List<Launch> launches) {
      this.launches = launches;
    }
  }

  /**
   * Makes a runner without plans.
   *
   * @param sharedBytes the most dynamic shared memory of a launch
   * @param overlaps whether kernels may start while the one before ends
   */
  PlanRunner(CudaApi api, int sharedBytes, boolean overlaps) {
    this.api = api;
    this.sharedBytes = sharedBytes;
    this.overlaps = overlaps;
  }

  /**
   * Puts a pass on the stream.
   *
   * @param ops its operations; equal ones have equal launches until {@link #forget}
   * @param planning makes the launches when they are not known
   */
  void run(List<Op> ops, Supplier<List<Launch>> planning) {
    Plan plan = plans.get(ops);
    last = List.of();
    if (plan == null) {
      plan = new Plan(planning.get());
      plans.put(List.copyOf(ops), plan);
      forgetOldest();
      launch(plan.launches);
    } else {
      if (plan.graph == null) {
        plan.graph = capture(plan.launches);
      }
      api.launch(plan.graph);
    }
    last = plan.launches;
  }

  /** The kernels of the last pass, each once. */
  String kernels() {
    return last.stream()
        .map(launch -> launch.kernel().entry())
        .distinct()
        .collect(Collectors.joining(", "));
  }

  private CudaApi.Graph capture(List<Launch> launches) {
    api.beginCapture();
    try {
      launch(launches);
    } catch (RuntimeException e) {
      try {
        api.free(api.endCapture());
      } catch (CudaException broken) {
        e.addSuppressed(broken);
      }
      throw e;
    }
    return api.endCapture();
  }

  private void launch(List<Launch> launches) {
    for (int i = 0; i < launches.size(); i++) {
      Launch launch = launches.get(i);
      CudaApi.Function function =
          functions.computeIfAbsent(
              launch.kernel(),
              kernel -> api.function(kernel.entry(), kernel.hasDynamicShared() ? sharedBytes : 0));
      api.launch(function, launch, overlaps && i > 0);
    }
  }

  private void forgetOldest() {
    Iterator<Plan> oldest = plans.values().iterator();
    while (plans.size() > MOST_PLANS) {
      free(oldest.next());
      oldest.remove();
    }
  }

  /** Forgets all plans, because addresses in them have changed. */
  void forget() {
    plans.values().forEach(this::free);
    plans.clear();
  }

  private void free(Plan plan) {
    if (plan.graph != null) {
      api.free(plan.graph);
    }
  }
}
