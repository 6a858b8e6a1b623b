using ILGPU;
using static SelfAdapt.Gpu.KernelArgument;

namespace SelfAdapt.Gpu;

// A kernel is launched through its method, so that an argument too few, too many or of another type does not compile.
internal sealed partial class GpuBackend
{
    internal void Launch<T1, T2>(
        Action<T1, T2> kernel, in KernelConfig shape, T1 a1, T2 a2) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2)]);

    internal void Launch<T1, T2, T3>(
        Action<T1, T2, T3> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3)]);

    internal void Launch<T1, T2, T3, T4>(
        Action<T1, T2, T3, T4> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4)]);

    internal void Launch<T1, T2, T3, T4, T5>(
        Action<T1, T2, T3, T4, T5> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5)]);

    internal void Launch<T1, T2, T3, T4, T5, T6>(
        Action<T1, T2, T3, T4, T5, T6> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7>(
        Action<T1, T2, T3, T4, T5, T6, T7> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6,
        T7 a7) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6,
        T7 a7, T8 a8) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4, T5 a5,
        T6 a6, T7 a7, T8 a8, T9 a9) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4,
        T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9),
        Of(a10)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3, T4 a4,
        T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9), Of(a10),
        Of(a11)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> kernel, in KernelConfig shape, T1 a1, T2 a2, T3 a3,
        T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9), Of(a10),
        Of(a11), Of(a12)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> kernel, in KernelConfig shape, T1 a1, T2 a2,
        T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12, T13 a13, T14 a14) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9), Of(a10),
        Of(a11), Of(a12), Of(a13), Of(a14)]);

    internal void Launch<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16>(
        Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15, T16> kernel, in KernelConfig shape,
        T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6, T7 a7, T8 a8, T9 a9, T10 a10, T11 a11, T12 a12, T13 a13, T14 a14,
        T15 a15, T16 a16) =>
        _device.Launch(kernel, shape, [Of(a1), Of(a2), Of(a3), Of(a4), Of(a5), Of(a6), Of(a7), Of(a8), Of(a9), Of(a10),
        Of(a11), Of(a12), Of(a13), Of(a14), Of(a15), Of(a16)]);
}
