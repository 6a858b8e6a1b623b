/* Stands in for NVIDIA's driver library: the calls that CudaDriver binds, on the host's memory. Kernels do nothing.
   It checks what a driver would check, so that a wrong argument of the binding fails a test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, INVALID_PTX = 218 };

typedef uint64_t address;

static const size_t total = (size_t)1 << 30;
static size_t used;
static int context, streams[2], made;

/* Streams of CudaDevice: everything in the first, copies to the device in the second too. */
static int known(const void *s) { return s == &streams[0] || s == &streams[1]; }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int cuInit(unsigned flags) { return flags == 0 ? OK : INVALID; }
int cuDriverGetVersion(int *version) { *version = 13000; return OK; }
int cuDeviceGetCount(int *count) { *count = 1; return OK; }
int cuDeviceGetName(char *name, int length, int device) {
    snprintf(name, length, "Stand-in");
    return device == 0 ? OK : INVALID;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = total; return device == 0 ? OK : INVALID; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 16 ? 132 : attribute;
    return device == 0 ? OK : INVALID;
}
int cuDevicePrimaryCtxRetain(void **c, int device) { *c = &context; return device == 0 ? OK : INVALID; }
int cuDevicePrimaryCtxRelease_v2(int device) { return device == 0 ? OK : INVALID; }
int cuCtxSetCurrent(void *c) { return c == NULL || c == &context ? OK : INVALID; }
int cuMemGetInfo_v2(size_t *left, size_t *all) { *left = total - used; *all = total; return OK; }

/* Options 5 and 6: where errors of the compiler go, and how many bytes they may take. */
int cuModuleLoadDataEx(void **module, const char *text, unsigned count, const int *options, void **values) {
    if (count != 2 || options[0] != 5 || options[1] != 6) {
        return INVALID;
    }
    if (strstr(text, ".version") == NULL) {
        snprintf(values[0], (size_t)values[1], "no version");
        return INVALID_PTX;
    }
    *module = strdup(text);
    return OK;
}
int cuModuleUnload(void *module) { free(module); return OK; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = strstr(module, name);
    return *function == NULL ? INVALID : OK;
}

int cuMemAlloc_v2(address *result, size_t bytes) {
    if (used + bytes > total) {
        return NO_MEMORY;
    }
    size_t *block = aligned_alloc(256, (bytes + 511) / 256 * 256);
    block[0] = bytes;
    used += bytes;
    *result = (address)((char *)block + 256);
    return OK;
}
int cuMemFree_v2(address a) {
    size_t *block = (size_t *)(a - 256);
    used -= block[0];
    free(block);
    return OK;
}
int cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    *pointer = malloc(bytes);
    return flags == 0 ? OK : INVALID;
}
int cuMemFreeHost(void *pointer) { free(pointer); return OK; }
int cuMemcpyHtoDAsync_v2(address target, const void *source, size_t bytes, void *s) {
    memcpy((void *)target, source, bytes);
    return known(s) ? OK : INVALID;
}
int cuMemcpyDtoHAsync_v2(void *target, address source, size_t bytes, void *s) {
    memcpy(target, (void *)source, bytes);
    return s == &streams[0] ? OK : INVALID;
}
int cuMemcpyDtoDAsync_v2(address target, address source, size_t bytes, void *s) {
    memmove((void *)target, (void *)source, bytes);
    return s == &streams[0] ? OK : INVALID;
}
int cuMemsetD8Async(address a, unsigned char value, size_t bytes, void *s) {
    memset((void *)a, value, bytes);
    return s == &streams[0] ? OK : INVALID;
}

/* The first parameter is a view whose first four bytes receive the second, a number. */
int cuLaunchKernel(
    const void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
    unsigned shared, void *s, void **parameters, void **extra) {
    int shape = gx > 0 && gy > 0 && gz > 0 && gy <= 65535 && gz <= 65535 && bx * by * bz <= 1024 && bz == 1;
    if (function == NULL || !shape || shared != 0 || s != &streams[0] || extra != NULL) {
        return INVALID;
    }
    memcpy(*(void **)parameters[0], parameters[1], 4);
    return OK;
}

int cuStreamCreate(void **s, unsigned flags) { *s = &streams[made++ % 2]; return flags == 1 ? OK : INVALID; }
int cuStreamDestroy_v2(void *s) { made--; return known(s) ? OK : INVALID; }
int cuStreamSynchronize(void *s) { return known(s) ? OK : INVALID; }
int cuStreamWaitEvent(void *s, void *event, unsigned flags) {
    return known(s) && event != NULL && flags == 0 ? OK : INVALID;
}
int cuEventCreate(void **event, unsigned flags) { *event = malloc(sizeof(double)); return flags == 0 ? OK : INVALID; }
int cuEventRecord(void *event, void *s) { *(double *)event = now(); return known(s) ? OK : INVALID; }
int cuEventSynchronize(void *event) { return event == NULL ? INVALID : OK; }
int cuEventElapsedTime(float *milliseconds, void *from, void *to) {
    *milliseconds = *(double *)to - *(double *)from;
    return OK;
}
int cuEventDestroy_v2(void *event) { free(event); return OK; }
int cuGetErrorName(int error, const char **text) { *text = error == INVALID_PTX ? "ERROR_PTX" : "ERROR"; return OK; }
int cuGetErrorString(int error, const char **text) { *text = error == OK ? "no error" : "in words"; return OK; }
