package io.github.nextclass.tokenizer;

import java.util.Arrays;

/** A growing list of ints without boxes. */
final class IntBuffer {
  private int[] values;
  private int size;

  IntBuffer(int capacity) {
    values = new int[Math.max(8, capacity)];
  }

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, Math.multiplyExact(size, 2));
    }
    values[size++] = value;
  }

  void addAll(int[] source) {
    for (int value : source) {
      add(value);
    }
  }

  int get(int index) {
    return values[index];
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  boolean isSorted() {
    for (int i = 1; i < size; i++) {
      if (values[i - 1] > values[i]) {
        return false;
      }
    }
    return true;
  }

  void sort() {
    Arrays.sort(values, 0, size);
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }

  int[] toArray(int from) {
    return Arrays.copyOfRange(values, from, size);
  }
}
