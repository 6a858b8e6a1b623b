using System.Runtime.CompilerServices;
using SelfAdapt.KernelSimulator;

namespace ILGPU;

/// <summary>Memory that the threads of a group share.</summary>
public static class SharedMemory
{
    /// <summary>Makes an array in shared memory; its values are undefined.</summary>
    /// <typeparam name="T">The value type.</typeparam>
    /// <param name="extent">Number of values, a constant.</param>
    public static ArrayView<T> Allocate<T>(int extent)
        where T : unmanaged =>
        new(DeviceThread.Current.Group.Allocate((long)extent * Unsafe.SizeOf<T>()), 0, extent);
}
