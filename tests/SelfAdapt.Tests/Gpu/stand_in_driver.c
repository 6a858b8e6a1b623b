/* Stands in for NVIDIA's driver library: the calls that ILGPU and the backend make, on the host's memory. Kernels do
   nothing but to write their second parameter to where the first points. It checks what a driver would check, counts
   what is held, and fails where it is told to. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, INVALID = 1, NO_MEMORY = 2, INVALID_PTX = 218 };

typedef uint64_t address;

static const size_t total = (size_t)1 << 30;
static size_t used;
static int held, context, streams[8], made, waits;
static const char *failing;
static int failure;
static char order[4096];

/* For tests: from now on a call fails; the number of modules, streams, events, contexts and blocks that are held; how
   often the host waited; what was queued in which stream. */
void stand_in_fail(const char *call, int result) { failing = strdup(call); failure = result; }
int stand_in_held(void) { return held; }
int stand_in_waits(void) { return waits; }
const char *stand_in_order(void) { return order; }
void stand_in_forget(void) { order[0] = 0; waits = 0; }

#define MAY_FAIL if (failing != NULL && strcmp(failing, __func__) == 0) return failure
#define GIVE(n) do { MAY_FAIL; held += (n); } while (0)

static int index_of(const void *s) { return s == NULL ? -1 : (int)((const int *)s - streams); }
static int known(const void *s) { return s == NULL || (index_of(s) >= 0 && index_of(s) < 8); }
static void note(const char *what, const void *s) {
    size_t length = strlen(order);
    snprintf(order + length, sizeof order - length, "%s %d; ", what, index_of(s));
}
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int cuInit(unsigned flags) { MAY_FAIL; return flags == 0 ? OK : INVALID; }
int cuDriverGetVersion(int *version) { *version = 12040; return OK; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal == 0 ? OK : INVALID; }
int cuDeviceGetCount(int *count) { *count = 0; MAY_FAIL; *count = 1; return OK; }
int cuDeviceGetName(char *name, int length, int device) {
    snprintf(name, length, "Stand-in");
    return device == 0 ? OK : INVALID;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = total; return device == 0 ? OK : INVALID; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
        case 1: *value = 1024; break;          /* threads per block */
        case 10: *value = 32; break;           /* warp */
        case 16: *value = 132; break;          /* multiprocessors */
        case 39: *value = 2048; break;         /* threads per multiprocessor */
        case 75: *value = 9; break;
        case 76: *value = 0; break;
        default: *value = 1024;
    }
    return device == 0 ? OK : INVALID;
}
int cuCtxCreate_v2(void **c, unsigned flags, int device) { GIVE(1); *c = &context; return device == 0 ? OK : INVALID; }
int cuCtxDestroy_v2(void *c) { held--; return c == &context ? OK : INVALID; }
int cuCtxSetCurrent(void *c) { return c == NULL || c == &context ? OK : INVALID; }
int cuCtxSynchronize(void) { waits++; return OK; }
int cuCtxGetCacheConfig(int *value) { *value = 0; return OK; }
int cuCtxSetCacheConfig(int value) { return OK; }
int cuCtxGetSharedMemConfig(int *value) { *value = 0; return OK; }
int cuCtxSetSharedMemConfig(int value) { return OK; }
int cuMemGetInfo_v2(size_t *left, size_t *all) { *left = total - used; *all = total; return OK; }

/* Options 5 and 6: where errors of the compiler go, and how many bytes they may take. */
int cuModuleLoadDataEx(void **module, const char *text, unsigned count, const int *options, void **values) {
    if (count != 2 || options[0] != 5 || options[1] != 6 || strstr(text, ".version 7.0\n.target sm_80\n") == NULL) {
        return INVALID;
    }
    if (failing != NULL && strcmp(failing, __func__) == 0) {
        snprintf(values[0], (size_t)values[1], "line 3, syntax error");
        return failure;
    }
    held++;
    *module = strdup(text);
    return OK;
}
int cuModuleUnload(void *module) { held--; free(module); return OK; }
int cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = strstr(module, name);
    return *function == NULL ? INVALID : OK;
}

int cuMemAlloc_v2(address *result, size_t bytes) {
    if (used + bytes > total) {
        return NO_MEMORY;
    }
    GIVE(1);
    size_t *block = aligned_alloc(256, (bytes + 511) / 256 * 256);
    block[0] = bytes;
    used += bytes;
    *result = (address)((char *)block + 256);
    return OK;
}
int cuMemFree_v2(address a) {
    if (a == 0) {
        return INVALID;
    }
    size_t *block = (size_t *)(a - 256);
    held--;
    used -= block[0];
    free(block);
    return OK;
}
int cuMemAllocHost_v2(void **pointer, size_t bytes) { GIVE(1); *pointer = malloc(bytes); return OK; }
int cuMemFreeHost(void *pointer) { held--; free(pointer); return OK; }
int cuMemcpyAsync(address target, address source, size_t bytes, void *s) {
    MAY_FAIL;
    note("copy", s);
    memmove((void *)target, (void *)source, bytes);
    return known(s) ? OK : INVALID;
}
int cuMemsetD8Async(address a, unsigned char value, size_t bytes, void *s) {
    memset((void *)a, value, bytes);
    return known(s) ? OK : INVALID;
}

int cuLaunchKernel(
    const void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
    unsigned shared, void *s, void **parameters, void **extra) {
    MAY_FAIL;
    int shape = gx > 0 && gy > 0 && gz > 0 && gy <= 65535 && gz <= 65535 && bx * by * bz <= 256 && bz == 1;
    if (function == NULL || !shape || shared != 0 || !known(s) || s == NULL || extra != NULL) {
        return INVALID;
    }
    memcpy(*(void **)parameters[0], parameters[1], 4);
    return OK;
}

int cuStreamCreate(void **s, unsigned flags) {
    GIVE(1);
    *s = &streams[made++ % 8];
    return flags == 1 ? OK : INVALID;
}
int cuStreamDestroy_v2(void *s) { held--; return known(s) ? OK : INVALID; }
int cuStreamSynchronize(void *s) { waits++; MAY_FAIL; return known(s) ? OK : INVALID; }
int cuStreamWaitEvent(void *s, void *event, unsigned flags) {
    MAY_FAIL;
    note("wait", s);
    return known(s) && event != NULL && flags == 0 ? OK : INVALID;
}
int cuEventCreate(void **event, unsigned flags) {
    GIVE(1);
    *event = malloc(sizeof(double));
    return flags == 0 || flags == 2 ? OK : INVALID;
}
int cuEventRecord(void *event, void *s) {
    note("record", s);
    *(double *)event = now();
    return known(s) ? OK : INVALID;
}
int cuEventSynchronize(void *event) { waits++; return event == NULL ? INVALID : OK; }
int cuEventElapsedTime(float *milliseconds, void *from, void *to) {
    *milliseconds = *(double *)to - *(double *)from;
    return OK;
}
int cuEventDestroy_v2(void *event) { held--; free(event); return OK; }
int cuGetErrorString(int error, const char **text) { *text = error == OK ? "no error" : "in words"; return OK; }
