// Stands for libcuda.so.1 and libnvidia-ml.so.1: a library with the right name and one function.
extern "C" int cuInit(unsigned) { return 0; }
