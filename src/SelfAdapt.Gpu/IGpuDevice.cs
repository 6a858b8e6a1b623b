using System;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

/// <summary>
/// A GPU as the cuda backend sees it: memory and kernel launches, all in one queue that runs in order, and a second
/// queue for <see cref="UploadBeside"/> alone. Only <see cref="Download"/>, <see cref="Synchronize"/> and
/// <see cref="Milliseconds"/> wait for the device.
/// </summary>
public interface IGpuDevice : IDisposable
{
    /// <summary>A name for logs.</summary>
    string Name { get; }

    /// <summary>Bytes of memory that the device has.</summary>
    long MemoryBytes { get; }

    /// <summary>
    /// Threads of a group where a kernel leaves that open: a power of two up to 256. Sums depend on it in their last
    /// digits.
    /// </summary>
    int GroupThreads { get; }

    /// <summary>Takes zeroed memory.</summary>
    /// <param name="bytes">At least 1.</param>
    /// <returns>Its address, a multiple of 256.</returns>
    /// <exception cref="SelfAdaptException"><see cref="ExitCode.OutOfMemory"/>: there is no such memory.</exception>
    ulong Allocate(long bytes);

    /// <summary>Gives memory back.</summary>
    /// <param name="address">From <see cref="Allocate"/>.</param>
    void Free(ulong address);

    /// <summary>Zeros memory.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="bytes">Number of bytes.</param>
    void Clear(ulong address, long bytes);

    /// <summary>Copies on the device.</summary>
    /// <param name="source">First byte read.</param>
    /// <param name="target">First byte written; the two runs do not overlap.</param>
    /// <param name="bytes">Number of bytes.</param>
    void Copy(ulong source, ulong target, long bytes);

    /// <summary>Copies from the host; the source may change as soon as this returns.</summary>
    /// <param name="source">The bytes.</param>
    /// <param name="target">First byte written.</param>
    void Upload(ReadOnlySpan<byte> source, ulong target);

    /// <summary>Copies to the host, after everything queued before.</summary>
    /// <param name="source">First byte read.</param>
    /// <param name="target">Receives as many bytes as it is long.</param>
    void Download(ulong source, Span<byte> target);

    /// <summary>
    /// Copies from the host in a second queue, while the first goes on; the source may change as soon as this returns.
    /// </summary>
    /// <param name="source">The bytes.</param>
    /// <param name="target">First byte written.</param>
    /// <param name="free">The copy begins when this fence is passed.</param>
    /// <param name="ready">This fence is passed when the copy is done.</param>
    void UploadBeside(ReadOnlySpan<byte> source, ulong target, nint free, nint ready);

    /// <summary>Makes a fence: a point of one queue that the other can wait for. A new one is passed.</summary>
    nint CreateFence();

    /// <summary>Gives a fence back.</summary>
    /// <param name="fence">From <see cref="CreateFence"/>.</param>
    void DestroyFence(nint fence);

    /// <summary>From now on the fence is passed when everything queued before is done.</summary>
    /// <param name="fence">From <see cref="CreateFence"/>.</param>
    void Signal(nint fence);

    /// <summary>What is queued from now on begins when the fence, as it stands now, is passed.</summary>
    /// <param name="fence">From <see cref="CreateFence"/>.</param>
    void Await(nint fence);

    /// <summary>Queues a kernel.</summary>
    /// <param name="kernel">Its name.</param>
    /// <param name="shape">Groups, and threads of each.</param>
    /// <param name="arguments">One per parameter.</param>
    void Launch(string kernel, in LaunchShape shape, ReadOnlySpan<KernelArgument> arguments);

    /// <summary>Waits until everything queued is done.</summary>
    void Synchronize();

    /// <summary>Queues a point in time, for measurements.</summary>
    /// <returns>Its handle, for one call of <see cref="Milliseconds"/>.</returns>
    nint Mark();

    /// <summary>Waits for two points and tells the time between them; both handles end with this.</summary>
    /// <param name="from">The earlier.</param>
    /// <param name="to">The later.</param>
    double Milliseconds(nint from, nint to);
}

/// <summary>How many groups of how many threads a kernel runs as.</summary>
/// <param name="GridX">Groups along x.</param>
/// <param name="GridY">Groups along y.</param>
/// <param name="GridZ">Groups along z.</param>
/// <param name="GroupX">Threads of a group along x.</param>
/// <param name="GroupY">Threads of a group along y.</param>
public readonly record struct LaunchShape(int GridX, int GridY, int GridZ, int GroupX, int GroupY = 1);

/// <summary>A run of 4-byte elements in a device's memory.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Number of elements.</param>
public readonly record struct GpuView(ulong Address, long Length);

/// <summary>What kind of value a kernel's argument is.</summary>
public enum KernelArgumentKind
{
    /// <summary>A run of elements.</summary>
    View,

    /// <summary>Four bytes: int, uint or float.</summary>
    Word,

    /// <summary>Eight bytes: long or ulong.</summary>
    LongWord,
}

/// <summary>One argument of a kernel.</summary>
public readonly struct KernelArgument
{
    private KernelArgument(KernelArgumentKind kind, ulong bits, long length = 0) =>
        (Kind, Bits, Length) = (kind, bits, length);

    /// <summary>What it is.</summary>
    public KernelArgumentKind Kind { get; }

    /// <summary>The address of a view, else the value's bits.</summary>
    public ulong Bits { get; }

    /// <summary>Elements of a view.</summary>
    public long Length { get; }

    /// <summary>A view.</summary>
    /// <param name="view">The run.</param>
    public static implicit operator KernelArgument(GpuView view) =>
        new(KernelArgumentKind.View, view.Address, view.Length);

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator KernelArgument(int value) => new(KernelArgumentKind.Word, (uint)value);

    /// <summary>A number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator KernelArgument(float value) =>
        new(KernelArgumentKind.Word, BitConverter.SingleToUInt32Bits(value));

    /// <summary>A switch: 1 or 0.</summary>
    /// <param name="value">The switch.</param>
    public static implicit operator KernelArgument(bool value) => new(KernelArgumentKind.Word, value ? 1u : 0);

    /// <summary>Eight bytes.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator KernelArgument(ulong value) => new(KernelArgumentKind.LongWord, value);
}
