// The kernels that only compute capability 9.0 runs.
#include "hopper_gemm.cuh"
#include "hopper_attention.cuh"
