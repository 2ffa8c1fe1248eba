// All kernels of the CUDA backend. Kernel.java lists their names and parameters; scripts/cuda_ptx.sh makes the PTX.
#include "rows.cuh"
#include "linear.cuh"
#include "attention.cuh"
#include "gemm.cuh"
#include "prepare_attention.cuh"
#include "prefill_attention.cuh"
#include "batch.cuh"
#include "choose.cuh"
